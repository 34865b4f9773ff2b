//! The way of a multipart body from the client into memory and files, without the GIL.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;

use super::limits::Limits;
use super::temporary;
use crate::httpd::body::{Failure, Room};
use crate::httpd::body_source::Body;
use crate::parse::multipart::{BLOCK, Event, Header, Malformed, Parser};

/// Why an upload does not go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stop {
    #[error(transparent)]
    Malformed(#[from] Malformed),
    #[error(transparent)]
    Body(#[from] Failure),
    #[error("the body is longer than max_body")]
    BodyTooLong,
    #[error("the fields that are no files are longer than max_memory")]
    MemoryTooLong,
    #[error(transparent)]
    File(#[from] io::Error),
}

/// Where the data of a part goes.
pub(super) enum Store {
    /// Nowhere.
    Nowhere,
    /// Into memory, as far as it is small.
    Memory(Vec<u8>),
    /// Into a file without a name.
    File(File),
}

/// What was found.
pub(super) enum Found {
    /// A part begins.
    Part(Vec<Header>),
    /// The part is over.
    PartEnd,
    /// The form is over.
    End,
}

/// A body on its way.
pub(super) struct Upload<'a> {
    parser: Parser,
    body: &'a mut Body,
    limits: Limits,
    /// Where files go.
    pub(super) directory: PathBuf,
    /// Bytes taken from the body.
    taken: usize,
    /// Bytes that are in memory, in parts that are over as well.
    held: usize,
}

impl<'a> Upload<'a> {
    /// # Errors
    /// Where the client announces more than allowed.
    pub(super) fn new(
        body: &'a mut Body,
        boundary: &[u8],
        limits: Limits,
        directory: PathBuf,
    ) -> Result<Upload<'a>, Stop> {
        if body.announced().is_some_and(|announced| announced > limits.body) {
            return Err(Stop::BodyTooLong);
        }
        Ok(Upload { parser: Parser::new(boundary, limits.part_header), body, limits, directory, taken: 0, held: 0 })
    }

    /// Goes on to the next beginning or end of a part; waits for the client.
    ///
    /// # Errors
    /// Where that cannot be.
    pub(super) fn proceed(&mut self, store: &mut Store) -> Result<Found, Stop> {
        loop {
            match self.parser.next()? {
                Event::Starved => self.read()?,
                Event::Data(data) => match store {
                    Store::Nowhere => {}
                    Store::File(file) => file.write_all(data)?,
                    Store::Memory(memory) if memory.len() + data.len() <= self.limits.memory_field => {
                        memory.extend_from_slice(data);
                        self.held += data.len();
                        if self.held > self.limits.memory {
                            return Err(Stop::MemoryTooLong);
                        }
                    }
                    Store::Memory(memory) => {
                        let mut file = temporary::create(&self.directory)?;
                        file.write_all(memory)?;
                        file.write_all(data)?;
                        self.held -= memory.len();
                        *store = Store::File(file);
                    }
                },
                Event::Part(headers) => return Ok(Found::Part(headers)),
                Event::PartEnd => return Ok(Found::PartEnd),
                Event::End => return Ok(Found::End),
            }
        }
    }

    /// The next data of a part that Python code stores, None at its end. It may be empty: then more has come.
    ///
    /// # Errors
    /// Where that cannot be.
    pub(super) fn data(&mut self) -> Result<Option<&[u8]>, Stop> {
        match self.parser.next()? {
            Event::Data(data) => Ok(Some(data)),
            Event::Starved => Ok(Some(&[])),
            Event::Part(_) | Event::PartEnd | Event::End => Ok(None),
        }
    }

    /// Takes the next block from the body; waits for it.
    ///
    /// # Errors
    /// Where that cannot be.
    pub(super) fn read(&mut self) -> Result<(), Stop> {
        let size = self.body.announced().unwrap_or(BLOCK);
        let space = self.parser.space(size);
        let wanted = space.len();
        let mut room = Room::over(space);
        self.body.fill(&mut room)?;
        let count = room.filled();
        self.taken += count;
        if self.taken > self.limits.body {
            return Err(Stop::BodyTooLong);
        }
        self.parser.filled(count);
        if count < wanted {
            self.parser.finish();
        }
        Ok(())
    }
}
