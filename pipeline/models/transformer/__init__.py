"""The transformer: token ids, the engines that run it, calibrated answers, export and hub."""
