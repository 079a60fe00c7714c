"""Reads videos: files, folders and zips of frames, arrays and tensors, each as a `VideoSource`.

Start with `source` (what a video source is) and `discover` (`open_videos`: from a path to the
videos there). A layout is one way to store videos:

container    video files: file_frames (which frames a file has), whole (is the file complete),
             ffv1 (checksums), decoding (through PyAV), pixel_format, seeking (frames by index)
frames       folders of pictures: pictures (one picture), series (which pictures are frames)
archive      zip files of pictures
arrays       array_files (.npy, .npz), tensor_files (.pt, .pth), float_range

`write` writes videos.
"""
