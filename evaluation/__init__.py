"""Measuring videos: FVD, KVD and what is needed to trust them. Imports nothing else of the project.

measure      the main path: real source + fake source + protocol -> measurements
videos/      files, folders, zips and arrays of frames -> VideoSource
clips        which frames of which videos (pure), and reading them
preprocess   uint8 clips to network input, one named function per published recipe
extractors/  I3D and its relatives: network input -> features
features     clips through an extractor, cached per video
frechet, kernel, intervals, extrapolation   features -> numbers
protocol     one evaluation protocol as data (protocols/*.toml)
weights      finds and checks the files named in weights.toml
record       a measurement with its provenance
"""

if __name__ != "leo_bench.evaluation":  # under two names every class would be there twice
    raise ImportError("import leo_bench.evaluation, not evaluation")
