//! The browser's database of sessions: each is a record with its outline, and the texts that it
//! runs, which never change once they are there. So a step more costs its own text and an outline,
//! however long the session is.

use idb::builder::ObjectStoreBuilder;
use idb::{Database, Error, Factory, KeyRange, ObjectStore, Query, Transaction, TransactionMode};
use mmap_playground_core::saved::{Saved, SavedError};
use std::collections::HashMap;
use std::sync::Arc;
use wasm_bindgen::JsValue;

/// The name of the database.
const NAME: &str = "mmap-playground";
/// The version of its layout.
const VERSION: u32 = 1;
const SESSIONS: &str = "sessions";
const TEXTS: &str = "texts";

/// A session as the list of them shows it.
#[derive(Clone, PartialEq, Debug)]
pub struct Entry {
    /// Its key.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// When it was saved, in milliseconds since 1970.
    pub changed: f64,
    /// How many steps the branch shown has.
    pub steps: usize,
}

/// A session as it lies in the database.
#[derive(Clone, PartialEq, Debug)]
pub struct Record {
    /// What the list shows.
    pub entry: Entry,
    /// Its saved form with empty texts.
    pub outline: String,
    /// The numbers of its texts, in the order of the outline.
    pub texts: Vec<u32>,
}

/// A session that came out of the database: its saved form, and the numbers of its texts.
pub type Found = (Entry, Saved, Vec<u32>);

/// The open database.
pub struct Shelf(Database);

impl Shelf {
    /// Opens it, and makes it where there is none.
    ///
    /// # Errors
    ///
    /// In words for a person: there is no storage, it may not be used, a newer page made it.
    pub async fn open() -> Result<Shelf, String> {
        Factory::new().map_err(|_| "this browser offers no storage to the page".to_owned())?;
        let builder = Database::builder(NAME)
            .version(VERSION)
            .add_object_store(ObjectStoreBuilder::new(SESSIONS))
            .add_object_store(ObjectStoreBuilder::new(TEXTS));
        builder.build().await.map(Shelf).map_err(|error| told(&error))
    }

    /// All sessions, the newest first.
    ///
    /// # Errors
    ///
    /// In words for a person.
    pub async fn list(&self) -> Result<Vec<Entry>, String> {
        let list = async {
            let sessions = self.begin(TransactionMode::ReadOnly)?.object_store(SESSIONS)?;
            let keys = sessions.get_all_keys(None, None)?.await?;
            let values = sessions.get_all(None, None)?.await?;
            let entries = keys.iter().zip(&values);
            Ok(entries.filter_map(|(key, value)| Some(record(key, value)?.entry)).collect())
        };
        let mut entries: Vec<Entry> = list.await.map_err(|error: Error| told(&error))?;
        entries.sort_by(|one, two| two.changed.total_cmp(&one.changed));
        Ok(entries)
    }

    /// Reads a session; nothing if there is none of this key.
    ///
    /// # Errors
    ///
    /// In words for a person.
    pub async fn read(&self, id: &str) -> Result<Option<Found>, String> {
        let read = async {
            let transaction = self.begin(TransactionMode::ReadOnly)?;
            let key = JsValue::from_str(id);
            let value = transaction.object_store(SESSIONS)?.get(key.clone())?.await?;
            let Some(record) = value.and_then(|value| record(&key, &value)) else {
                return Ok(None);
            };
            let store = transaction.object_store(TEXTS)?;
            Ok(Some((record, texts(&store, id).await?)))
        };
        let found = read.await.map_err(|error: Error| told(&error))?;
        let Some((record, texts)) = found else { return Ok(None) };
        let saved = filled(&record, &texts).map_err(|error| error.to_string())?;
        Ok(Some((record.entry, saved, record.texts)))
    }

    /// Writes a session: its record, and the texts that are not there yet. If it was changed since
    /// `known` by another window nothing is written; says whether it was.
    ///
    /// # Errors
    ///
    /// In words for a person; nothing is written then.
    pub async fn write(
        &self,
        record: &Record,
        texts: &[(u32, Arc<str>)],
        known: Option<f64>,
    ) -> Result<bool, String> {
        let write = async {
            let transaction = self.begin(TransactionMode::ReadWrite)?;
            let sessions = transaction.object_store(SESSIONS)?;
            let key = JsValue::from_str(&record.entry.id);
            let before = sessions.get(key.clone())?.await?;
            let before = before.and_then(|value| self::record(&key, &value));
            if before.map(|record| record.entry.changed) != known {
                return Ok(false);
            }
            let store = transaction.object_store(TEXTS)?;
            for (number, text) in texts {
                let key = JsValue::from_str(&text_key(&record.entry.id, *number));
                store.put(&JsValue::from_str(text), Some(&key))?;
            }
            sessions.put(&JsValue::from_str(&written(record)), Some(&key))?;
            finished(transaction).await.map(|()| true)
        };
        write.await.map_err(|error: Error| told(&error))
    }

    /// Takes a session out.
    ///
    /// # Errors
    ///
    /// In words for a person.
    pub async fn delete(&self, id: &str) -> Result<(), String> {
        let delete = async {
            let transaction = self.begin(TransactionMode::ReadWrite)?;
            transaction.object_store(SESSIONS)?.delete(JsValue::from_str(id))?;
            transaction.object_store(TEXTS)?.delete(Query::from(text_keys(id)?))?;
            finished(transaction).await
        };
        delete.await.map_err(|error: Error| told(&error))
    }

    fn begin(&self, mode: TransactionMode) -> Result<Transaction, Error> {
        self.0.transaction(&[SESSIONS, TEXTS], mode)
    }
}

async fn finished(transaction: Transaction) -> Result<(), Error> {
    let aborted = || Error::TransactionAbortError(JsValue::from_str("the storage may be full"));
    if transaction.await?.is_committed() { Ok(()) } else { Err(aborted()) }
}

async fn texts(store: &ObjectStore, id: &str) -> Result<HashMap<u32, Arc<str>>, Error> {
    let keys = store.get_all_keys(Some(text_keys(id)?.into()), None)?.await?;
    let values = store.get_all(Some(text_keys(id)?.into()), None)?.await?;
    let number = |key: &JsValue| key.as_string()?.rsplit_once('/')?.1.parse::<u32>().ok();
    let texts = keys.iter().zip(&values);
    Ok(texts.filter_map(|(key, text)| Some((number(key)?, text.as_string()?.into()))).collect())
}

fn text_key(id: &str, number: u32) -> String {
    format!("{id}/{number:08}")
}

fn text_keys(id: &str) -> Result<KeyRange, Error> {
    let (first, last) = (format!("{id}/"), format!("{id}/:"));
    KeyRange::bound(&JsValue::from_str(&first), &JsValue::from_str(&last), None, None)
}

/// The outline with its texts put in.
fn filled(record: &Record, texts: &HashMap<u32, Arc<str>>) -> Result<Saved, SavedError> {
    let mut saved = Saved::from_text(&record.outline)?;
    let missing = || SavedError::Damaged("a text is missing".to_owned());
    for (index, text) in saved.texts.iter_mut().enumerate() {
        let number = record.texts.get(index).ok_or_else(missing)?;
        text.text = texts.get(number).ok_or_else(missing)?.clone();
    }
    Ok(saved)
}

/// A record as text: a line of what the list shows, a line of the texts' numbers, the outline.
fn written(record: &Record) -> String {
    let Entry { name, changed, steps, .. } = &record.entry;
    let name = name.replace(['\n', '\r'], " ");
    let numbers: Vec<String> = record.texts.iter().map(u32::to_string).collect();
    format!("{changed} {steps} {name}\n{}\n{}", numbers.join(" "), record.outline)
}

fn record(key: &JsValue, value: &JsValue) -> Option<Record> {
    let (id, text) = (key.as_string()?, value.as_string()?);
    let (heading, rest) = text.split_once('\n')?;
    let (numbers, outline) = rest.split_once('\n')?;
    let mut words = heading.splitn(3, ' ');
    let changed = words.next()?.parse().ok()?;
    let steps = words.next()?.parse().ok()?;
    let name = words.next().unwrap_or_default().to_owned();
    let texts = numbers.split_ascii_whitespace().map(str::parse).collect::<Result<_, _>>().ok()?;
    Some(Record { entry: Entry { id, name, changed, steps }, outline: outline.to_owned(), texts })
}

/// What went wrong, for a person.
fn told(error: &Error) -> String {
    let text = match error {
        Error::DomException(exception) => format!("{}: {}", exception.name(), exception.message()),
        other => other.to_string(),
    };
    if text.contains("QuotaExceeded") || text.contains("may be full") {
        "the browser's storage is full".to_owned()
    } else if text.contains("VersionError") || text.contains("less than the existing version") {
        "a newer version of this page has put its sessions there: load the page again".to_owned()
    } else if text.contains("SecurityError") || text.contains("InvalidState") {
        "the browser does not let this page keep anything".to_owned()
    } else {
        text
    }
}
