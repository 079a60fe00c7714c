"""From an official download to a prepared data set, by its published preprocessing.

One module a data set (faceforensics, taichihd, celebvhq, ucf101, weizmann, grid), each with one
function `plan(download, options) -> Plan`; `run.prepare` carries a plan out.
"""
