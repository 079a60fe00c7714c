"""User studies: the study's document, its clips and pages, and the site that raters visit."""
