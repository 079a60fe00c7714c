"""Videos in: files, folders of frames, zips of frames and arrays, all read as one `VideoSource`.

source       what a video is to the rest of the project, and what every source can do
discover     open_videos: a path on disk -> its videos, whatever lies there
listing      what lies at a path, by name alone
choice       which of it is taken, by patterns of names
series       whether the pictures of a folder are one series of frames
stored       one video as it lies on disk, what a layout does with it, the source made of many
digests      what was found out about files, kept while stat says that they are the same
seals        digests that the writer of a folder left beside its videos
upright      a source as viewers and players show it; turning: how files ask for it
pace         frame rates, and frames that repeat the one before

container    layout: video files
  file_frames   which frames a file has, when they are shown, what is odd about it
  whole         whether a file reaches the end that it states; matroska: and its checksums
  ffv1          checksums of pictures before they are decoded
  decoding      files into checked frames, through PyAV
  pixel_format  bits, alpha and transfer functions of pixels
  seeking       frames by index
frames       layout: folders of pictures
  pictures   one picture: opened, judged, its pixels
archive      layout: zip files of pictures
arrays       layout: .npy and .npz, .pt and .pth
  array_files  headers and values of the former
  tensor_files the latter
  float_range  what range the floats of a side are in
tensors      videos in memory

write        frames to a file, whole or not at all
"""
