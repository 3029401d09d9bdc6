//! Parquet files, also split into shards, as JSON rows.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::data_type::Decimal;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::reader::RowIter;
use parquet::record::{Field, Row};
use parquet::schema::types::Type;
use serde_json::{Map, Number, Value};

use crate::DataError;
use crate::error::nearest;

/// The most rows read from one file; the largest benchmark has a tenth.
const MAX_ROWS: i128 = 20_000_000;

/// The rows of a Parquet file, or of a folder of shards in the order of their names, as objects. `columns` names the
/// top-level columns wanted; none named means all. Columns are in the file's order.
///
/// Lists become arrays; structs and maps become objects. Dates, times and timestamps become ISO 8601 text (timestamps in
/// UTC; nanosecond ones, which the format's old annotation lacks, stay integers), decimals their exact text, 32-bit
/// floats the 64-bit number of the same value. Bytes become text when they are UTF-8, else lower-case hex. JSON has no
/// NaN and no infinities, which therefore become null, as a missing value does.
pub fn parquet(path: &Path, columns: &[&str]) -> Result<Vec<Value>, DataError> {
    let mut rows = Vec::new();
    for shard in shards(path)? {
        rows.extend(file_rows(&shard, columns)?);
    }
    Ok(rows)
}

/// The rows of one Parquet file at these positions (from 0, ascending), as [`parquet()`] gives them. Row groups without any of
/// them are not decoded.
pub(crate) fn parquet_at(
    path: &Path,
    columns: &[&str],
    positions: &[u64],
) -> Result<Vec<Value>, DataError> {
    let outcome = catch_unwind(AssertUnwindSafe(|| decode_at(path, columns, positions)));
    outcome.unwrap_or_else(|_| Err(DataError::damaged(path, "its Parquet structure is invalid")))
}

/// How many rows a Parquet file says it has.
pub(crate) fn parquet_len(path: &Path) -> Result<u64, DataError> {
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let file = File::open(path).map_err(DataError::read(path))?;
        let reader =
            SerializedFileReader::new(file).map_err(|error| DataError::damaged(path, error))?;
        let groups = reader.metadata().row_groups().iter();
        Ok(groups.map(|group| u64::try_from(group.num_rows()).unwrap_or(0)).sum())
    }));
    outcome.unwrap_or_else(|_| Err(DataError::damaged(path, "its Parquet structure is invalid")))
}

fn decode_at(path: &Path, columns: &[&str], positions: &[u64]) -> Result<Vec<Value>, DataError> {
    let damaged = |error: parquet::errors::ParquetError| DataError::damaged(path, error);
    let file = File::open(path).map_err(DataError::read(path))?;
    let reader = SerializedFileReader::new(file).map_err(damaged)?;
    let schema = reader.metadata().file_metadata().schema();
    let projection = if columns.is_empty() { None } else { Some(project(path, schema, columns)?) };
    let (mut rows, mut start, mut wanted) = (Vec::new(), 0, positions.iter().peekable());
    for (index, group) in reader.metadata().row_groups().iter().enumerate() {
        let end = start + u64::try_from(group.num_rows()).unwrap_or(0);
        if wanted.peek().is_some_and(|position| **position < end) {
            let group = reader.get_row_group(index).map_err(damaged)?;
            let all = RowIter::from_row_group(projection.clone(), &*group).map_err(damaged)?;
            for (position, row) in (start..end).zip(all) {
                let row = row.map_err(damaged)?;
                if wanted.next_if(|wanted| **wanted == position).is_some() {
                    rows.push(Value::Object(object(row)));
                }
                if wanted.peek().is_none_or(|position| **position >= end) {
                    break;
                }
            }
        }
        start = end;
    }
    if rows.len() == positions.len() {
        return Ok(rows);
    }
    Err(DataError::damaged(path, "it has fewer rows than it says"))
}

/// The names of the classes that a column's numbers stand for, where the file says so: Hugging Face's `datasets` writes
/// its `ClassLabel` features into the file's metadata. Empty where it says nothing.
pub fn parquet_class_names(path: &Path, column: &str) -> Result<Vec<String>, DataError> {
    let Some(shard) = shards(path)?.into_iter().next() else { return Ok(Vec::new()) };
    let outcome = catch_unwind(AssertUnwindSafe(|| class_names(&shard, column)));
    outcome.unwrap_or_else(|_| Err(DataError::damaged(&shard, "its Parquet structure is invalid")))
}

fn class_names(path: &Path, column: &str) -> Result<Vec<String>, DataError> {
    let damaged = |error: parquet::errors::ParquetError| DataError::damaged(path, error);
    let file = File::open(path).map_err(DataError::read(path))?;
    let reader = SerializedFileReader::new(file).map_err(damaged)?;
    let pairs = reader.metadata().file_metadata().key_value_metadata();
    let stated = pairs.into_iter().flatten().find(|pair| pair.key == "huggingface");
    let stated = stated.and_then(|pair| pair.value.as_deref()).unwrap_or_default();
    let stated: Value = serde_json::from_str(stated).unwrap_or_default();
    let feature = &stated["info"]["features"][column];
    let names = feature["names"].as_array().or_else(|| feature["feature"]["names"].as_array());
    Ok(names.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect())
}

fn shards(path: &Path) -> Result<Vec<PathBuf>, DataError> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut shards = Vec::new();
    for entry in std::fs::read_dir(path).map_err(DataError::read(path))? {
        let shard = entry.map_err(DataError::read(path))?.path();
        if shard.extension().is_some_and(|extension| extension == "parquet") {
            shards.push(shard);
        }
    }
    if shards.is_empty() {
        return Err(DataError::damaged(path, "the folder holds no Parquet files"));
    }
    shards.sort();
    Ok(shards)
}

fn file_rows(path: &Path, columns: &[&str]) -> Result<Vec<Value>, DataError> {
    // The Parquet library asserts on some malformed schemas and pages instead of returning an error.
    let outcome = catch_unwind(AssertUnwindSafe(|| decode(path, columns)));
    outcome.unwrap_or_else(|_| Err(DataError::damaged(path, "its Parquet structure is invalid")))
}

/// Rows that are shown together.
const BATCH: usize = 256;

/// Shows the rows of one Parquet file, in order and some at a time, as [`parquet()`] gives them.
pub(crate) fn parquet_each(
    path: &Path,
    columns: &[&str],
    each: &mut dyn FnMut(Vec<Value>) -> Result<(), DataError>,
) -> Result<(), DataError> {
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let mut batch = Vec::new();
        decode_each(path, columns, &mut |row| {
            batch.push(row);
            if batch.len() == BATCH { each(std::mem::take(&mut batch)) } else { Ok(()) }
        })?;
        if batch.is_empty() { Ok(()) } else { each(batch) }
    }));
    outcome.unwrap_or_else(|_| Err(DataError::damaged(path, "its Parquet structure is invalid")))
}

fn decode(path: &Path, columns: &[&str]) -> Result<Vec<Value>, DataError> {
    let mut rows = Vec::new();
    decode_each(path, columns, &mut |row| {
        rows.push(row);
        Ok(())
    })?;
    Ok(rows)
}

fn decode_each(
    path: &Path,
    columns: &[&str],
    each: &mut dyn FnMut(Value) -> Result<(), DataError>,
) -> Result<(), DataError> {
    let damaged = |error: parquet::errors::ParquetError| DataError::damaged(path, error);
    let file = File::open(path).map_err(DataError::read(path))?;
    let reader = SerializedFileReader::new(file).map_err(damaged)?;
    let schema = reader.metadata().file_metadata().schema();
    let projection = if columns.is_empty() { None } else { Some(project(path, schema, columns)?) };
    // A run of equal values takes a few bytes however long it is, so the file's size bounds nothing.
    let groups = reader.metadata().row_groups().iter();
    let declared = groups.map(|group| i128::from(group.num_rows())).sum::<i128>();
    if declared > MAX_ROWS {
        return Err(DataError::Bomb { path: path.to_owned(), limit: format!("{MAX_ROWS} rows") });
    }
    for row in RowIter::from_file(projection, &reader).map_err(damaged)? {
        each(Value::Object(object(row.map_err(damaged)?)))?;
    }
    Ok(())
}

/// The schema with only these top-level columns, in the file's order.
pub(crate) fn project(path: &Path, schema: &Type, columns: &[&str]) -> Result<Type, DataError> {
    let fields = schema.get_fields();
    if let Some(missing) =
        columns.iter().find(|&&name| !fields.iter().any(|field| field.name() == name))
    {
        let names: Vec<String> = fields.iter().map(|field| field.name().to_owned()).collect();
        return Err(DataError::NoColumn {
            path: path.to_owned(),
            column: (*missing).to_owned(),
            columns: nearest(missing, &names),
        });
    }
    let wanted = fields.iter().filter(|field| columns.contains(&field.name())).map(Arc::clone);
    Type::group_type_builder(schema.name())
        .with_fields(wanted.collect())
        .build()
        .map_err(|error| DataError::damaged(path, error))
}

fn object(row: Row) -> Map<String, Value> {
    row.into_columns().into_iter().map(|(name, field)| (name, value(field))).collect()
}

fn value(field: Field) -> Value {
    match field {
        Field::Null => Value::Null,
        Field::Bool(value) => value.into(),
        Field::Byte(value) => value.into(),
        Field::Short(value) => value.into(),
        Field::Int(value) => value.into(),
        Field::Long(value) => value.into(),
        Field::UByte(value) => value.into(),
        Field::UShort(value) => value.into(),
        Field::UInt(value) => value.into(),
        Field::ULong(value) => value.into(),
        Field::Float16(value) => float(f64::from(value)),
        Field::Float(value) => float(f64::from(value)),
        Field::Double(value) => float(value),
        Field::Decimal(value) => decimal(&value).into(),
        Field::Str(value) => value.into(),
        Field::Bytes(value) => match std::str::from_utf8(value.data()) {
            Ok(text) => text.into(),
            Err(_) => hex::encode(value.data()).into(),
        },
        Field::Date(days) => date(i64::from(days)).into(),
        Field::TimeMillis(millis) => time(i64::from(millis) * 1000).into(),
        Field::TimeMicros(micros) => time(micros).into(),
        Field::TimestampMillis(millis) => timestamp(i128::from(millis) * 1000).into(),
        Field::TimestampMicros(micros) => timestamp(i128::from(micros)).into(),
        Field::Group(row) => Value::Object(object(row)),
        Field::ListInternal(list) => list.elements().iter().cloned().map(value).collect(),
        Field::MapInternal(map) => {
            let entries = map.entries().iter().cloned();
            entries.map(|(key, entry)| (key_text(value(key)), value(entry))).collect()
        }
    }
}

fn key_text(key: Value) -> String {
    match key {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

fn float(value: f64) -> Value {
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}

const MICROS_PER_DAY: i128 = 86_400_000_000;

/// The date so many days after 1970-01-01 in the proleptic Gregorian calendar (H. Hinnant, "chrono-Compatible
/// Low-Level Date Algorithms", `civil_from_days`).
fn date(days: i64) -> String {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

fn time(micros: i64) -> String {
    let seconds = micros.div_euclid(1_000_000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match micros.rem_euclid(1_000_000) {
        0 => format!("{hour:02}:{minute:02}:{second:02}"),
        fraction => format!("{hour:02}:{minute:02}:{second:02}.{fraction:06}"),
    }
}

fn timestamp(micros: i128) -> String {
    // A 64-bit count of milliseconds spans 3e11 years, so the days always fit.
    let days = micros.div_euclid(MICROS_PER_DAY) as i64;
    format!("{}T{}Z", date(days), time(micros.rem_euclid(MICROS_PER_DAY) as i64))
}

/// The decimal's exact text: an unscaled big-endian two's complement integer, with the point `scale` digits from its
/// end.
fn decimal(decimal: &Decimal) -> String {
    let data = decimal.data();
    let negative = data.first().is_some_and(|byte| byte & 0x80 != 0);
    let mut magnitude = data.to_vec();
    if negative {
        negate(&mut magnitude);
    }
    let mut digits = decimal_digits(magnitude);
    let scale = usize::try_from(decimal.scale()).unwrap_or(0).min(1000);
    if digits.len() <= scale {
        digits.insert_str(0, &"0".repeat(scale + 1 - digits.len()));
    }
    if scale > 0 {
        digits.insert(digits.len() - scale, '.');
    }
    if negative { format!("-{digits}") } else { digits }
}

fn negate(bytes: &mut [u8]) {
    let mut carry = true;
    for byte in bytes.iter_mut().rev() {
        let (sum, overflow) = (!*byte).overflowing_add(u8::from(carry));
        *byte = sum;
        carry = overflow;
    }
}

fn decimal_digits(mut bytes: Vec<u8>) -> String {
    let mut digits = Vec::new();
    while bytes.iter().any(|&byte| byte != 0) {
        let mut remainder = 0u32;
        for byte in &mut bytes {
            let dividend = remainder * 256 + u32::from(*byte);
            *byte = (dividend / 10) as u8;
            remainder = dividend % 10;
        }
        digits.push(b'0' + remainder as u8);
    }
    if digits.is_empty() {
        digits.push(b'0');
    }
    digits.iter().rev().map(|&digit| char::from(digit)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times() {
        assert_eq!(date(0), "1970-01-01");
        assert_eq!(date(-1), "1969-12-31");
        assert_eq!(date(19_782), "2024-02-29");
        assert_eq!(date(11_016), "2000-02-29");
        assert_eq!(date(-719_528), "0000-01-01");
        assert_eq!(time(3_661_000_001), "01:01:01.000001");
        assert_eq!(timestamp(-1_000_000), "1969-12-31T23:59:59Z");
        assert!(timestamp(i128::from(i64::MIN) * 1000).ends_with('Z'));
    }

    #[test]
    fn decimals_are_exact() {
        let text =
            |bytes: &[u8], scale| decimal(&Decimal::from_bytes(bytes.to_vec().into(), 38, scale));
        assert_eq!(text(&[0x04, 0xd2], 2), "12.34");
        assert_eq!(text(&[0xff], 3), "-0.001");
        assert_eq!(text(&[0x80, 0], 0), "-32768");
        assert_eq!(text(&[0], 2), "0.00");
        assert_eq!(text(&[], 0), "0");
        assert_eq!(decimal(&Decimal::from_i64(-123_456, 18, 5)), "-1.23456");
    }
}
