"""The one error of the offline job.

IngestError      wrong input: one line that says what was asked, what exists and what to do
"""


class IngestError(Exception):
    """Input that the job cannot use. Its text is one line; the command line prints it and exits with status 2."""
