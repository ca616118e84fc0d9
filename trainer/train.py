"""From a folder of recordings to a model folder, step by step."""

from pathlib import Path

import numpy as np
from sklearn.model_selection import train_test_split

from emotion.card import Card
from emotion.model import save_model
from emotion.rbf_svc import RbfSvc
from trainer.dataset import Dataset, check_enough
from trainer.feature_extraction import Extraction, extract
from trainer.metrics import TestSide, report_text, score_test_side
from trainer.model_card import card_of_training
from trainer.options import TrainingOptions
from trainer.plots import confusion_picture
from trainer.progress import TrainingLog
from trainer.splits import TEST_SHARE, Split, split_clips
from trainer.svm import fit_article, fit_tuned

ARTICLE_SEED = 42
"""Of the article's one split."""


def train(options: TrainingOptions, log: TrainingLog) -> tuple[Card, Path, str]:
    """Fit, test and save a model."""
    options.check()
    log.say(options.command)
    extraction, labels = _extract(options, options.data.read(), log)
    split = _split(options, extraction)
    is_test = split.is_test[extraction.table.clips]
    learned, tested = extraction.table.take(~is_test), extraction.table.take(is_test)
    log.say(f"split {split.rule}")
    log.say(f"  learned from: {len(learned)} windows of {int((~split.is_test).sum())} clips")
    log.say(f"  tested on:    {len(tested)} windows of {int(split.is_test.sum())} clips")
    if options.article:
        fitted = fit_article(learned, options.seed, log)
    else:
        fitted = fit_tuned(learned, options.max_windows, options.seed, log)
    arrays = fitted.arrays()
    with log.step(f"test on {len(tested)} windows"):
        result = score_test_side(RbfSvc.from_arrays(arrays), tested, labels)
    if options.article:
        accuracy = float((fitted.machine.predict(tested.vectors) == tested.targets).mean())
        log.say(
            f"  accuracy as the article counts it, by the SVC's own votes: {accuracy:.3f} (it prints 0.75)"
        )
    report = report_text(f"{options.place.name}: classification report", split.rule, result)
    log.say(
        f"UAR {result.clips.uar:.3f}, accuracy {result.clips.accuracy:.3f} "
        f"over {result.clips.confusion.sum()} clips"
    )
    card = card_of_training(options, labels, extraction, split=split, result=result, facts=fitted.facts)
    files = {"confusion.png": _picture(options, split, result), "report.txt": report.encode()}
    files["training.log"] = log.text.encode()
    written, folder = save_model(options.place.folder, card, arrays, files, force=options.place.force)
    return written, folder, report


def _extract(
    options: TrainingOptions, dataset: Dataset, log: TrainingLog
) -> tuple[Extraction, tuple[str, ...]]:
    counts = ", ".join(
        f"{label} {sum(c.emotion == label for c in dataset.clips)}" for label in dataset.labels
    )
    log.say(f"{len(dataset.clips)} labelled clips: {counts}")
    if dataset.unlabelled:
        log.say(f"{dataset.unlabelled} clips carry none of the labels and are left out")
    with log.step(f"extract {options.feature_set}", len(dataset.clips)) as advance:
        extraction = extract(
            dataset.clips,
            dataset.labels,
            options.feature_set,
            options.grid,
            jobs=options.jobs,
            advance=advance,
        )
    for remark in (*dataset.remarks, *extraction.remarks):
        log.say(options.data.portable(remark))
    total = extraction.reused + extraction.computed
    log.say(f"  {total} clips: {extraction.reused} from the cache, {extraction.computed} computed")
    if extraction.remarks:
        log.say(f"  {len(extraction.remarks)} clips left out: unreadable, silent, or copies")
    if extraction.short:
        log.say(f"  {extraction.short} clips are shorter than win and taken whole")
    check_enough(extraction.clips, options.data.root)
    return extraction, dataset.labels


def _split(options: TrainingOptions, extraction: Extraction) -> Split:
    if not options.article:
        return split_clips(extraction.clips, options.seed)
    # The article's own call; row numbers stand for features and labels.
    _, tested = train_test_split(
        np.arange(len(extraction.clips)), test_size=TEST_SHARE, random_state=ARTICLE_SEED
    )
    is_test = np.zeros(len(extraction.clips), dtype=np.bool_)
    is_test[tested] = True
    rule = f"by clip, as the article: {len(tested)} of {len(is_test)} clips at random, seed {ARTICLE_SEED}"
    return Split(is_test, rule, by_speaker=False)


def _picture(options: TrainingOptions, split: Split, result: TestSide) -> bytes:
    whom = "unseen speakers" if split.by_speaker else "unseen clips"
    title = f"{options.place.name}: UAR {100 * result.clips.uar:.0f} % on {whom}"
    count = f"{result.clips.confusion.sum()} clips"
    if split.by_speaker:
        count += f" of {result.num_speakers} speakers"
    grain = "" if options.win_seconds is None else ", each the mean of its windows"
    return confusion_picture(result.clips, title, count + grain)
