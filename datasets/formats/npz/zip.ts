import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createInflateRaw } from 'node:zlib';
import { InputError } from '../../../common/errors.js';
import { streamRegular } from '../../../common/regular-file.js';
import { unreadable } from '../../check.js';
import { hashFileCached, hashText } from '../../hash.js';
import { isKept, type OnChanged, sealFile } from '../../kept.js';
import { checkRatio } from '../../limits.js';
import type { RandomAccess } from '../random-access.js';

/** A file inside of a zip archive. */
export interface ZipMember {
  name: string;
  /** 0: stored; 8: deflated. */
  method: number;
  packedBytes: number;
  bytes: number;
  /** Where its local header begins. */
  header: number;
}

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
const FULL = 0xffffffff;

/** The members that the archive's directory lists. Throws InputError if there is none or it does not fit the file. */
export function zipMembers(file: RandomAccess): ZipMember[] {
  const tail = Math.max(0, file.size - 65557);
  const end = Buffer.from(file.read(tail, file.size));
  let at = end.length - 22;
  while (at >= 0 && end.readUInt32LE(at) !== END) at--;
  if (at < 0) throw damaged(file.path, 'it has no directory at its end');
  let [size, start] = [end.readUInt32LE(at + 12), end.readUInt32LE(at + 16)];
  if (size === FULL || start === FULL) [size, start] = zip64End(file, tail + at);
  if (start + size > file.size) throw damaged(file.path, 'its directory is not inside of it');
  return entries(file, Buffer.from(file.read(start, start + size)));
}

/** Sizes of archives beyond 4 GiB stand in a record of their own before the end. */
function zip64End(file: RandomAccess, end: number): [size: number, start: number] {
  const locator = end < 20 ? undefined : Buffer.from(file.read(end - 20, end));
  if (locator?.readUInt32LE(0) !== 0x07064b50) throw damaged(file.path, 'its directory is not complete');
  const at = Number(locator.readBigUInt64LE(8));
  const record = Buffer.from(file.read(at, at + 56));
  return [Number(record.readBigUInt64LE(40)), Number(record.readBigUInt64LE(48))];
}

function entries(file: RandomAccess, directory: Buffer): ZipMember[] {
  const members: ZipMember[] = [];
  for (let at = 0; at + 46 <= directory.length; ) {
    if (directory.readUInt32LE(at) !== ENTRY) throw damaged(file.path, 'its directory is damaged');
    const nameLength = directory.readUInt16LE(at + 28);
    const extraLength = directory.readUInt16LE(at + 30);
    const name = directory.toString('utf8', at + 46, at + 46 + nameLength);
    const extra = directory.subarray(at + 46 + nameLength, at + 46 + nameLength + extraLength);
    const [bytes, packedBytes, header] = wide(extra, [
      directory.readUInt32LE(at + 24),
      directory.readUInt32LE(at + 20),
      directory.readUInt32LE(at + 42),
    ]);
    members.push({
      name,
      method: directory.readUInt16LE(at + 10),
      bytes: bytes!,
      packedBytes: packedBytes!,
      header: header!,
    });
    at += 46 + nameLength + extraLength + directory.readUInt16LE(at + 32);
  }
  return members;
}

/** Values of 32 bits that do not fit stand in the extra field 1 as 64 bits, in this order. */
function wide(extra: Buffer, values: number[]): number[] {
  for (let at = 0; at + 4 <= extra.length; ) {
    const size = extra.readUInt16LE(at + 2);
    if (extra.readUInt16LE(at) === 1) {
      let from = at + 4;
      return values.map((value) => {
        if (value !== FULL || from + 8 > extra.length) return value;
        from += 8;
        return Number(extra.readBigUInt64LE(from - 8));
      });
    }
    at += 4 + size;
  }
  return values;
}

/** Where a member's own bytes are. */
export function memberRange(file: RandomAccess, member: ZipMember): { start: number; end: number } {
  const local = Buffer.from(file.read(member.header, member.header + 30));
  if (local.readUInt32LE(0) !== LOCAL)
    throw damaged(file.path, `"${member.name}" is not where the directory says`);
  const start = member.header + 30 + local.readUInt16LE(26) + local.readUInt16LE(28);
  return { start, end: start + member.packedBytes };
}

/** A copy of a deflated member in the cache, of the size that the directory states. Throws InputError if it is another. */
export async function inflateMember(
  file: RandomAccess,
  member: ZipMember,
  options: { cacheFolder: string; signal?: AbortSignal | undefined; onChanged?: OnChanged },
): Promise<string> {
  checkRatio(`${file.path} ${member.name}`, Math.min(file.size, member.packedBytes), member.bytes);
  const { sha256 } = await hashFileCached(file.path, options.cacheFolder, options.signal);
  const folder = join(options.cacheFolder, 'unpacked', sha256);
  const target = join(folder, `${hashText(member.name).slice(0, 16)}.npy`);
  if (await isKept(target, options.onChanged)) return target;
  const { start, end } = memberRange(file, member);
  const temporary = `${target}.${process.pid}.${process.hrtime.bigint()}.tmp`;
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const packed = streamRegular(file.path, { start, end: Math.max(start, end - 1) });
    let size = 0;
    await pipeline(
      packed,
      createInflateRaw(),
      async function* (chunks: AsyncIterable<Buffer>) {
        for await (const chunk of chunks) {
          size += chunk.length;
          if (size > member.bytes)
            throw damaged(file.path, `"${member.name}" is larger than the directory says`);
          yield chunk;
        }
      },
      createWriteStream(temporary),
    );
    if (size !== member.bytes)
      throw damaged(file.path, `"${member.name}" is smaller than the directory says`);
    await sealFile(target, temporary);
    await rename(temporary, target);
    return target;
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw unreadable(file.path, error, `"${member.name}" cannot be unpacked`);
  }
}

function damaged(path: string, why: string): InputError {
  return new InputError(`is not a readable npz file: ${why}`, {
    where: path,
    next: 'the file is damaged or incomplete: write or download it again',
  });
}
