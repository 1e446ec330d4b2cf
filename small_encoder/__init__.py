"""The small network that this project trains and ships: what it is, what it is given, its file.

Who trains it (uninote_train) and who asks it (pipelines/encode) both import this package; it imports schemas alone.
"""
