from leo_bench.benchmarks.speed.growth import GrowthCase, seconds_and_megabytes


def test_every_metric_is_measured() -> None:
    for metric in ("fvd", "fvd of digan", "fid"):
        case = GrowthCase(metric, 60, dimension=12, of_one=2, repeats=2)
        seconds, of_cores, megabytes = seconds_and_megabytes(case)
        assert min(seconds, of_cores) > 0
        assert megabytes > 10
