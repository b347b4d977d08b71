/** Parts of Milvus' messages that are written from memory, past the client's objects: see schema.proto. */

/** A length-delimited field. */
export function delimited(tag: number, ...parts: readonly Buffer[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([Buffer.from([(tag << 3) | 2]), varint(length), ...parts]);
}

/** A field that is an integer. */
export function integer(tag: number, value: number): Buffer {
  return Buffer.concat([Buffer.from([tag << 3]), varint(value)]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  bytes.push(rest);
  return Buffer.from(bytes);
}
