"""How sure a number is: intervals, influences of single videos, bias of few clips."""
