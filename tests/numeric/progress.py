"""How far sampling has come, by the schedule's own time axis."""


def by_time(schedule):
    """Progress as the share of the schedule's time axis that has passed."""

    def progress(alpha, sigma):
        t = schedule.time(alpha.log() - sigma.log())
        return 1 - (t - schedule.clean) / (schedule.noisiest - schedule.clean)

    return progress
