"""Videos in: files, folders of frames, zips of frames and arrays, all read as one `VideoSource`.

source       what a video is to the rest of the project, and what every source can do
discover     open_videos: a path on disk -> its videos, whatever lies there
listing      what lies at a path, by name alone
stored       one video as it lies on disk, what a layout does with it, the source made of many
digests      what was found out about files, kept while stat says that they are the same

container    layout: video files, counted and opened
  whole      whether a file reaches the end that it states
  decoding   files into checked frames, through PyAV
  seeking    frames by index
frames       layout: folders of pictures
archive      layout: zip files of pictures
arrays       layout: .npy and .npz
  array_files  their headers and values

write        frames to a file, whole or not at all
"""
