"""Read an input table from wherever Spark reads: Parquet, JSONL, CSV; plain or compressed."""

import re
from functools import reduce
from typing import Any, Literal

import pyarrow as pa
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import to_arrow_schema

from pipelines.items.spark_columns import spark_type
from pipelines.mining.intake.input_files import Listed, first_lines, list_files
from pipelines.mining.intake.input_schema import column_faults, json_faults
from schemas.errors import DataError

Format = Literal["parquet", "json", "csv"]
FORMATS: dict[str, Format] = {"parquet": "parquet", "json": "json", "jsonl": "json", "ndjson": "json", "csv": "csv"}
SAMPLED_LINES = 1000
UNREADABLE = "_unreadable"
"""A column beside the wanted ones: the raw line where it could not be read, else null."""
GLOB = re.compile(r"[*?\[\]{}\\]")
END = "uninote: the end of a line"
TRIMMED = r"^\uFEFF|,\s*$"
"""Of a line of JSON: a byte order mark, and the comma of an array that has an object a line."""


def read_input(spark: SparkSession, uri: str, wanted: pa.Schema) -> DataFrame:
    """The wanted columns, optional ones null where the file has none, and UNREADABLE.

    Bytes of a text that are no UTF-8 (half a character, where somebody has cut by bytes) become U+FFFD: Python and DuckDB
    would refuse the whole file.

    Raises:
        DataError: no such file, an unknown format, or columns at fault: all of them in one message.
    """
    try:
        files = list_files(spark, uri)
        return _READERS[_format(uri, [f.path for f in files])](spark, uri, files, wanted)
    except PySparkException as error:
        raise DataError(f"{uri}: Spark cannot read it: {str(error).splitlines()[0]}") from None
    except Py4JJavaError as error:  # what PySpark does not translate: a damaged footer, a refused connection
        raise DataError(f"{uri}: Spark cannot read it: {_root_cause(error.java_exception)}") from None


def parse_time(name: str) -> Column:
    """A timestamp from text: ISO 8601, or seconds, milli- or microseconds since 1970 by their size; null if neither."""
    number = F.col(name).try_cast("double")
    size = F.abs(number)
    micros = F.when(size < 1e11, number * 1_000_000).when(size < 1e14, number * 1_000).when(size < 1e17, number)
    return F.when(number.isNotNull(), F.timestamp_micros(micros.cast("bigint"))).otherwise(F.try_to_timestamp(F.col(name)))


def _format(uri: str, paths: list[str]) -> Format:
    found = _format_of(paths[0])
    if found is None:
        raise DataError(f"{uri}: cannot tell the format of {paths[0]}; wanted a name with one of {sorted(FORMATS)}")
    other = next((path for path in paths if (_format_of(path) == "parquet") != (found == "parquet")), None)
    if other is not None:
        raise DataError(f"{uri}: {paths[0]} and {other} are of different formats; give one of them, or a pattern (*.parquet)")
    return found


def _format_of(path: str) -> Format | None:
    parts = reversed(path.lower().rsplit("/", 1)[-1].split(".")[1:])
    return next((FORMATS[part] for part in parts if part in FORMATS), None)


def _read_parquet(spark: SparkSession, uri: str, _: list[Listed], wanted: pa.Schema) -> DataFrame:
    frame = spark.read.parquet(uri)
    _refuse(uri, column_faults(to_arrow_schema(frame.schema, timezone="UTC"), wanted))
    columns = [_cast(frame, field) for field in wanted]
    return frame.select(*columns, F.lit(None).cast("string").alias(UNREADABLE))


def _read_json(spark: SparkSession, uri: str, _: list[Listed], wanted: pa.Schema) -> DataFrame:
    lines = spark.read.text(uri).select(F.make_valid_utf8("value").alias("value")).where(F.length(F.trim("value")) > 0)
    _refuse(uri, json_faults([row[0] for row in lines.limit(SAMPLED_LINES).collect()], wanted))
    read_as = ", ".join(f"`{f.name}` {_text_type(f.type)}" for f in wanted) + f", {UNREADABLE} string"
    options = {"mode": "PERMISSIVE", "columnNameOfCorruptRecord": UNREADABLE}
    line = F.regexp_replace("value", TRIMMED, "")
    # In an array before a text of ours: whatever else stands on the line is a fault then, or one more element.
    alone = F.from_json(F.concat(F.lit("["), line, F.lit(f', "{END}"]')), "array<string>")
    is_object = (F.size(alone) == 2) & (F.element_at(alone, -1) == END) & line.rlike(r"^\s*\{")
    frame = lines.select("value", F.from_json(line, read_as, options).alias("row"), is_object.alias("is_object"))
    sound = F.col(f"row.{UNREADABLE}").isNull() & F.coalesce("is_object", F.lit(False))
    return frame.select("row.*", F.when(~sound, F.col("value")).alias("_line")).select(
        *[_from_text(f) for f in wanted], F.col("_line").alias(UNREADABLE)
    )


def _read_csv(spark: SparkSession, uri: str, files: list[Listed], wanted: pa.Schema) -> DataFrame:
    wide = [f.name for f in wanted if not (pa.types.is_string(f.type) or pa.types.is_timestamp(f.type))]
    if wide:
        raise DataError(f"{uri}: a CSV holds texts, and {', '.join(wide)} are none; wanted Parquet or JSONL")
    headers = _by_header(spark, [file.path for file in files])
    if len(headers) < 2:
        return _read_one_header(spark, uri, uri, wanted)
    return reduce(DataFrame.unionByName, [_read_one_header(spark, paths, paths[0], wanted) for paths in headers])


def _by_header(spark: SparkSession, paths: list[str]) -> list[list[str]]:
    """The files of each header: Spark would read all of them under the first one's."""
    found: dict[str, list[str]] = {}
    for path, header in zip(paths, first_lines(spark, paths) if len(paths) > 1 else [""], strict=True):
        found.setdefault(header, []).append(GLOB.sub(r"\\\g<0>", path))
    return [files for header, files in found.items() if header or len(found) == 1]


def _read_one_header(spark: SparkSession, place: str | list[str], name: str, wanted: pa.Schema) -> DataFrame:
    frame = spark.read.csv(place, header=True)
    strings = pa.schema([pa.field(f.name, pa.string(), nullable=f.nullable) for f in wanted])
    _refuse(name, column_faults(pa.schema([(column, pa.string()) for column in frame.columns]), strings))
    absent = [F.lit(None).cast("string").alias(f.name) for f in wanted if f.name not in frame.columns]
    present = [F.col(f"`{f.name}`") for f in wanted if f.name in frame.columns]
    return frame.select(*present, *absent).select(
        *[_from_text(f) for f in wanted], F.lit(None).cast("string").alias(UNREADABLE)
    )


_READERS = {"parquet": _read_parquet, "json": _read_json, "csv": _read_csv}


def _root_cause(error: Any) -> str:  # noqa: ANN401
    while error.getCause() is not None:
        error = error.getCause()
    return str(error.getMessage())


def _refuse(uri: str, faults: list[str]) -> None:
    if faults:
        raise DataError(f"{uri}: {'; '.join(faults)}")


def _cast(frame: DataFrame, field: pa.Field) -> Column:
    source = F.col(f"`{field.name}`") if field.name in frame.columns else F.lit(None)
    if pa.types.is_list(field.type) and field.name in frame.columns:
        names = [f.name for f in field.type.value_type]
        source = F.transform(source, lambda element: F.when(element.isNotNull(), _texts(element, names)))
    cast = source.cast(spark_type(field.type))
    return (F.make_valid_utf8(cast) if pa.types.is_string(field.type) else cast).alias(field.name)


def _texts(struct: Column, names: list[str]) -> Column:
    """These fields of a struct of texts."""
    return F.struct(*[F.make_valid_utf8(struct[name].cast("string")).alias(name) for name in names])


def _text_type(kind: pa.DataType) -> str:
    return "string" if pa.types.is_timestamp(kind) else spark_type(kind)


def _from_text(field: pa.Field) -> Column:
    return parse_time(field.name).alias(field.name) if pa.types.is_timestamp(field.type) else F.col(f"`{field.name}`")
