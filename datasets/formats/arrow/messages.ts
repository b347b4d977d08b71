import type { RandomAccess } from '../random-access.js';
import { FlatTable } from './flatbuffer.js';

/*
 * Messages of Arrow files and streams, held against the file before the library sees them: it believes counts, lengths and
 * places, and counts through or reads backwards whatever they say.
 */

/** Fields of messages by number (format/Message.fbs, Schema.fbs). */
const MESSAGE = { headerType: 1, header: 2, bodyLength: 3, custom: 4 };
export const RECORD_BATCH = { rows: 0, nodes: 1, buffers: 2, compression: 3, counts: 4 };
const DICTIONARY_BATCH = { data: 1 };
const SCHEMA = { fields: 1, custom: 2, features: 3 };
const FIELD = { type: 3, dictionary: 4, children: 5, custom: 6 };
const FOOTER = { schema: 1 };
const METADATA_VERSION = 4;
/** Bytes of a message's own table, in front of what it refers to. */
const MESSAGE_HEAD = 40;
const TYPES = { schema: 1, dictionary: 2, records: 3 };
export const CONTINUATION = 0xffffffff;
const DEEPEST = 32;
const MOST_FIELDS = 100_000;

/** An encapsulated message: its metadata, which may be changed in place, and where its body is. */
export interface Message {
  metadata: Uint8Array<ArrayBuffer>;
  root: FlatTable;
  /** With vectors: of a record batch, or the one inside of a dictionary batch. */
  batch: FlatTable | undefined;
  body: { start: number; end: number };
}

/**
 * All messages of a file or stream in order; of what is neither, none. What stands behind the end of a file's messages
 * (its footer) is not looked at. Throws Error for messages that cannot be.
 */
export function* messages(file: RandomAccess): Generator<Message> {
  const magic = file.size < 8 ? '' : Buffer.from(file.read(0, 8)).toString('latin1', 0, 6);
  const isFile = magic === 'ARROW1';
  if (isFile && Buffer.from(file.read(file.size - 6, file.size)).toString('latin1') !== 'ARROW1')
    throw new Error('it ends early');
  let at = isFile ? 8 : 0;
  let hasSchema = false;
  while (at + 8 <= file.size) {
    const head = new DataView(file.read(at, at + 8).buffer);
    const length = head.getInt32(4, true);
    // Before version 0.15 of Arrow there was no such mark; nothing else of that time is known.
    if (head.getUint32(0, true) !== CONTINUATION) {
      if (at === 0) return;
      throw new Error(`at byte ${at} no message begins`);
    }
    if (length === 0) return;
    if (length < 0 || at + 8 + length > file.size) throw new Error(`a message of ${length} bytes`);
    const metadata = file.read(at + 8, at + 8 + length);
    const root = FlatTable.root(metadata);
    const bodyLength = root.int64(MESSAGE.bodyLength);
    const start = at + 8 + length;
    if (bodyLength < 0 || start + bodyLength > file.size) throw new Error('a batch is longer than the file');
    const message = { metadata, root, batch: batchOf(root), body: { start, end: start + bodyLength } };
    checkMessage(message, file.size);
    // The JavaScript library writes files whose schema is in the footer alone.
    if (isFile && !hasSchema && root.byte(MESSAGE.headerType) !== TYPES.schema) yield footerSchema(file);
    hasSchema = true;
    yield message;
    at = start + bodyLength;
  }
  if (at > 0 && at < file.size) throw new Error('it ends in the middle of a message');
}

/** The schema of a file's footer as the message that streams begin with: a table of its own in front of the footer's bytes. */
function footerSchema(file: RandomAccess): Message {
  const end = file.size - 10;
  const length = end < 0 ? -1 : new DataView(file.read(end, end + 4).buffer).getInt32(0, true);
  if (length <= 0 || length > end) throw new Error(`a footer of ${length} bytes`);
  const footer = file.read(end - length, end);
  const schema = FlatTable.root(footer).table(FOOTER.schema);
  if (schema === undefined) throw new Error('its footer has no schema');
  const metadata = new Uint8Array(MESSAGE_HEAD + Math.ceil(length / 8) * 8);
  metadata.set(footer, MESSAGE_HEAD);
  const view = new DataView(metadata.buffer);
  // The root at 16; its fields by their offsets: version, type of header, header, length of body.
  view.setUint32(0, 16, true);
  for (const [i, value] of [12, 24, 4, 6, 8, 16].entries()) view.setUint16(4 + i * 2, value, true);
  view.setInt32(16, 12, true);
  view.setInt16(20, METADATA_VERSION, true);
  view.setUint8(22, TYPES.schema);
  view.setUint32(24, MESSAGE_HEAD + schema.at - 24, true);
  const message = { metadata, root: FlatTable.root(metadata), batch: undefined, body: { start: 0, end: 0 } };
  checkMessage(message, file.size);
  return message;
}

/** Sets the length of a message's body to what it is now. */
export function setBodyLength(root: FlatTable, bytes: number): void {
  const stated = root.place(MESSAGE.bodyLength);
  if (stated !== undefined) root.view.setBigInt64(stated, BigInt(bytes), true);
}

function batchOf(root: FlatTable): FlatTable | undefined {
  const type = root.byte(MESSAGE.headerType);
  const header = root.table(MESSAGE.header);
  if (type === TYPES.records) return header;
  return type === TYPES.dictionary ? header?.table(DICTIONARY_BATCH.data) : undefined;
}

function checkMessage({ metadata, root, batch, body }: Message, size: number): void {
  const type = root.byte(MESSAGE.headerType);
  if (type === 0) throw new Error('a message does not say what it holds');
  checkVector(root, MESSAGE.custom, 4);
  const header = root.table(MESSAGE.header);
  if (header === undefined) throw new Error('a message is empty');
  if (type === TYPES.schema) checkSchema(header);
  if (batch !== undefined) checkBatch(batch, metadata.length, body.end - body.start, size * 8);
}

/** A vector's elements stand in the message itself. */
function checkVector(
  table: FlatTable,
  field: number,
  elementBytes: number,
): { start: number; length: number } {
  const vector = table.vector(field);
  if (vector.start + vector.length * elementBytes > table.view.byteLength)
    throw new Error(`a message announces ${vector.length} elements`);
  return vector;
}

function checkSchema(schema: FlatTable): void {
  let fields = 0;
  const visit = (parent: FlatTable, field: number, depth: number): void => {
    if (depth > DEEPEST) throw new Error(`its columns are nested more than ${DEEPEST} deep`);
    const { start, length } = checkVector(parent, field, 4);
    for (let i = 0; i < length; i++) {
      fields++;
      if (fields > MOST_FIELDS) throw new Error(`it has more than ${MOST_FIELDS} columns`);
      const place = start + i * 4;
      const each = new FlatTable(parent.view, place + parent.view.getUint32(place, true));
      checkVector(each, FIELD.custom, 4);
      // The type is a table of its own; that of unions has a list of numbers.
      const type = each.table(FIELD.type);
      if (type !== undefined) for (const part of [1, 2]) type.byte(part);
      each.table(FIELD.dictionary)?.int64(0);
      visit(each, FIELD.children, depth + 1);
    }
  };
  checkVector(schema, SCHEMA.custom, 4);
  checkVector(schema, SCHEMA.features, 8);
  visit(schema, SCHEMA.fields, 0);
}

/** @param most values that the file can hold: each takes a bit at least */
function checkBatch(batch: FlatTable, metadataBytes: number, bodyBytes: number, most: number): void {
  const { nodes, buffers, rows, counts } = RECORD_BATCH;
  const check = (count: number, limit: number, what: string) => {
    if (count < 0 || count > limit) throw new Error(`a batch announces ${count} ${what}`);
  };
  check(batch.int64(rows), most, 'rows');
  checkVector(batch, counts, 8);
  for (const field of [nodes, buffers])
    check(batch.vector(field).length * 16, metadataBytes, 'bytes of places');
  const lengths = checkVector(batch, nodes, 16);
  for (let i = 0; i < lengths.length; i++) {
    const place = lengths.start + i * 16;
    check(Number(batch.view.getBigInt64(place, true)), most, 'values');
    check(Number(batch.view.getBigInt64(place + 8, true)), most, 'nulls');
  }
  const places = checkVector(batch, buffers, 16);
  for (let i = 0; i < places.length; i++) {
    const place = places.start + i * 16;
    const [from, bytes] = [0, 8].map((part) => Number(batch.view.getBigInt64(place + part, true)));
    check(from!, bodyBytes, 'as the place of a buffer');
    check(bytes!, bodyBytes - from!, 'bytes of a buffer');
  }
}
