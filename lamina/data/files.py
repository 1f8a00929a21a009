"""Datasets of the lines and records of text files."""

from __future__ import annotations

from typing import Any

from ..core.errors import InvalidArgumentError
from . import csv_files, sources
from .csv_files import CsvFormat, CsvTable
from .dataset import Dataset


class TextLineDataset(Dataset):
    """The lines of text files as strings."""

    def __init__(
        self,
        filenames: Any,
        compression_type: str | None = None,
        buffer_size: int | None = None,
        num_parallel_reads: int | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(sources.Lines(sources.file_names(filenames), compression_type))


class CsvDataset(Dataset):
    """The records of CSV files, each a tuple of scalars of the dtypes of `record_defaults`.

    A default that is a dtype asks for a value in every row.
    """

    def __init__(
        self,
        filenames: Any,
        record_defaults: Any,
        compression_type: str | None = None,
        buffer_size: int | None = None,
        header: bool = False,
        field_delim: str = ",",
        use_quote_delim: bool = True,
        na_value: str = "",
        select_cols: Any = None,
        exclude_cols: Any = None,
    ) -> None:
        form = CsvFormat(
            field_delim,
            quotes=use_quote_delim,
            header=header,
            compression=compression_type,
            encoding="utf-8",
        )
        defaults = list(record_defaults)
        chosen = list(range(len(defaults)))
        if select_cols is not None and exclude_cols is not None:
            raise InvalidArgumentError("CsvDataset takes one of select_cols and exclude_cols")
        if select_cols is not None:
            chosen = [int(number) for number in select_cols]
        elif exclude_cols is not None:
            left_out = set(exclude_cols)
            numbers = (number for number in range(len(defaults) + len(left_out)))
            chosen = [number for number in numbers if number not in left_out]
        if len(chosen) != len(defaults):
            raise InvalidArgumentError(
                f"there are {len(defaults)} record_defaults for {len(chosen)} columns"
            )
        fields = [csv_files.field(*pair) for pair in zip(chosen, defaults, strict=True)]
        width = None if select_cols is not None else len(chosen) + len(exclude_cols or ())
        paths = sources.file_names(filenames)
        super().__init__(CsvTable(paths, form, fields, tuple, na_value, width=width))
