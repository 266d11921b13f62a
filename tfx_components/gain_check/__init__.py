"""GainCheck: does a candidate beat the live model on the newest data?"""
