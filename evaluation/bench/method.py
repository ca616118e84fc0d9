"""How the figures are kept from the machine's noise, in words for the page."""

from typing import Final

METHOD: Final = """\
## How each figure was protected from noise

- **One thread**: the command starts itself anew with `OMP_NUM_THREADS` and its like set to 1, before numpy
  is loaded.
- **Processor time** of the whole process, not the clock on the wall: what other programs take does not
  count, while a thread that a library started behind our back would. What they do to the caches still
  counts.
- **In turns**: in each of {steps} rounds every contender does one step on the same half second of speech,
  in an order drawn anew (seed 0). A ratio is taken within a round, between neighbours in time; the median
  over the rounds is given, with quartiles and extremes. Three rounds go before, uncounted; the garbage
  collector rests.
- **Against the peer** (`librosa`, `openSMILE`): one set of rounds for wins of 1, 2, 3 and 5 s, ours,
  theirs, and the bare FFTs. librosa is called as the article calls it (eight families and RMS, their mean,
  standard deviation, minimum and maximum). openSMILE's configuration is read beforehand, and its values are
  taken without the data frame around them.
- **Against the bare FFTs**: Hann taper and `scipy.fft.rfft`, float32, one batch of exactly the frames that
  the step completes, cut beforehand. Caches decide much here: work in between makes the transform up to
  twice as dear, since it is mostly memory, and the ratio smaller. So all three ways are given: the two in
  turns, among all others, and each alone in bursts of 20 steps after 5 uncounted ones. The headline is the
  two in turns: paired and interleaved, with nothing between them that is dear to one and not to the other.
- **Win 5 s against win 1 s**: within the rounds of the first table.
- **Prediction** and **whole step**: in turns with each other. The step begins with the first block of half
  a second and ends with the row: mixing, level, resampling to the model's rate, features, gate, model, voice
  baseline, smoothing: as live. Silent windows leave the model out, so their rounds are taken again. The
  headline is a 16 kHz source in blocks of 50 ms, as live sources cut.
- **Against wav2vec2-base**: the bare encoder (94 million weights drawn at random: they cost the same) on as
  much sound as the model's window holds, float32, under the settings of onnxruntime that callmood's own
  encoder has, in turns with the whole steps of all models. Its 378 MB pass through the caches in each round,
  so steps cost a little more here than in the table above. What a recogniser needs besides the encoder
  (gate, head, smoothing) is left out of it, and is in the steps.
- **Streams on one core**: 0.5 s over the whole step; then four fifths of that number are really followed
  side by side for three seconds of sound each. Many legs crowd each other out of the caches; the lower
  figure of the two is the headline.
- **Calls of two legs**: blocks of 50 ms of a stereo source at 16 kHz come from a thread of their own at the
  times at which they would, each call at a phase drawn at random (seed 0), both legs speaking; one worker
  takes them, and the process is kept on one core. A number of calls is followed where in 15 s nothing waits
  longer than the 10 s that a live session lets it, and 99 of 100 rows come within 250 ms of their window's
  last sample; what still waits at the end counts as that late. Up to six numbers are tried; the most that
  was followed is given, and twice as many. Here other programs do count: it is the clock on the wall.
- **Memory**: a fresh process opens 100 legs at 48 kHz (so that each has a resampler), fills them with more
  than win of sound, and looks at its resident size before and after; without pre-roll for clips.
"""
