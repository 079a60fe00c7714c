"""From a download to a prepared data set, by its published preprocessing; resumable, reported.

run.py       prepare: plan, cut, store, report; what the command line calls
job.py       the words of a plan: PrepareOptions, Cut, Job, Plan
store.py     the three ways frames are kept: JPEG 75 folders, lossless video, a link
look.py      a montage of what was prepared
report.py    the journal that makes a run resumable, and the report at its end
reading.py   frames of a video file by index, as a stream
boxes.py     which part of a frame to keep
resample.py  the resizings that the published scripts use
search.py    finding things in a download, with an error that says where one looked

One module a data set, each with one function `plan(download, options) -> Plan`:
faceforensics.py  taichihd.py  celebvhq.py  ucf101.py  weizmann.py  grid.py
"""
