"""Whether probabilities and predictive distributions are what they say, and how to mend them."""

from likely.checking.calibration.binary import Calibration
from likely.checking.calibration.distribution import DistributionCalibration
from likely.checking.calibration.judging import calibration_of
from likely.checking.calibration.multiclass import MulticlassCalibration
from likely.checking.calibration.recalibration import Recalibration, recalibrate

__all__ = [
    "Calibration",
    "DistributionCalibration",
    "MulticlassCalibration",
    "Recalibration",
    "calibration_of",
    "recalibrate",
]
