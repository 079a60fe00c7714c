"""Videos in: files, folders of frames, zips of frames and arrays, all read as one `VideoSource`.

source     what a video is, and what every source can do
discover   a path on disk -> the source that fits what lies there
container  video files, through PyAV, by frame index
frames     folders of frames
archive    zip files of frames
arrays     .npy and .npz
"""
