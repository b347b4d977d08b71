import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import { openBytes } from '../../../datasets/formats/packed.js';
import { FORMATS, openFormat } from '../../../datasets/formats/registry.js';
import { collect, expectInputError, fixtures, openFresh, temporaryFolder } from './support.js';

/** What is wrong with a file, and the message that says so; a text: why no file of the format can have this fault. */
type Case = [name: string, bytes: Buffer, message: RegExp] | string;

const KINDS = ['truncated', 'header', 'count', 'dimension', 'types', 'packed'] as const;
type Kind = (typeof KINDS)[number];

const golden = (name: string) => readFileSync(join(fixtures, 'formats', name));
const cut = (bytes: Buffer) => bytes.subarray(0, Math.floor(bytes.length * 0.7));
const text = (lines: string) => Buffer.from(lines);
const i32 = (...numbers: number[]) => Buffer.from(Int32Array.from(numbers).buffer);
const i64 = (...numbers: bigint[]) => Buffer.from(BigInt64Array.from(numbers).buffer);
const npy = (header: string, values = 480) =>
  Buffer.concat([
    Buffer.from(`\x93NUMPY\x01\x00\x80\x00${header.padEnd(127)}\n`, 'latin1'),
    Buffer.alloc(values),
  ]);
const shape = (sizes: string, descr = "'<f4'") =>
  `{'descr': ${descr}, 'fortran_order': False, 'shape': (${sizes}), }`;

/** The same bytes with every occurrence of some replaced by as many others. */
function patched(bytes: Buffer, from: Buffer, to: Buffer): Buffer {
  const out = Buffer.from(bytes);
  expect(to).toHaveLength(from.length);
  let found = 0;
  for (let at = out.indexOf(from); at !== -1; at = out.indexOf(from, at + from.length)) {
    to.copy(out, at);
    found++;
  }
  expect(found, 'the place is there').toBeGreaterThan(0);
  return out;
}

/** A Parquet file of one column of vectors. */
function parquet(
  codec: 'UNCOMPRESSED' | 'SNAPPY',
  rows: unknown[][],
  type: 'FLOAT' | 'BYTE_ARRAY' = 'FLOAT',
): Buffer {
  const buffer = parquetWriteBuffer({
    codec,
    statistics: false,
    schema: [
      { name: 'root', num_children: 1 },
      { name: 'vector', repetition_type: 'REQUIRED', num_children: 1, converted_type: 'LIST' },
      { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
      { name: 'element', type, repetition_type: 'REQUIRED' },
    ],
    columnData: [{ name: 'vector', data: rows }],
  });
  return Buffer.from(buffer);
}

const ROWS = Array.from({ length: 20 }, (_, i) => [i, i + 1, i + 2]);
/** Thrift: a compact i64 of 20, as the footer has its rows. */
const TWENTY = Buffer.from([0x16, 0x28]);

/** The first page says that it unpacks to 2 GiB; what follows moves, and is not reached. */
function pageBomb(): Buffer {
  const whole = parquet('SNAPPY', ROWS);
  // PAR1, then the header: field 1 (type), field 2 (unpacked size) as a zigzag number of 7 bits each.
  expect([whole[4], whole[6]]).toEqual([0x15, 0x15]);
  let end = 7;
  while ((whole[end]! & 0x80) !== 0) end++;
  return Buffer.concat([
    whole.subarray(0, 7),
    Buffer.from([0xfe, 0xff, 0xff, 0xff, 0x0f]),
    whole.subarray(end + 1),
  ]);
}

/** The first packed buffer is said to unpack to a TiB. */
function arrowBomb(): Buffer {
  const out = golden('zstd.feather');
  const frame = out.indexOf(Buffer.from([0x28, 0xb5, 0x2f, 0xfd]));
  out.writeBigInt64LE(2n ** 40n, frame - 8);
  return out;
}

/** Every member of the archive is said to unpack to nearly 4 GiB. */
function zipBomb(): Buffer {
  const out = golden('deflated.npz');
  const entry = Buffer.from('PK\x01\x02', 'latin1');
  for (let at = out.indexOf(entry); at !== -1; at = out.indexOf(entry, at + 4))
    out.writeUInt32LE(0xfffffff0, at + 24);
  return out;
}

const IN_SIZE = 'the number of rows is told from the size of the file';
const ONE_TYPE = 'all values have the type that the header or the ending says';

const BAD: Record<string, Record<Kind, Case>> = {
  parquet: {
    truncated: ['x.parquet', cut(parquet('SNAPPY', ROWS)), /not a readable Parquet file/],
    header: ['x.parquet', npy(shape('20, 6')), /not a readable Parquet file/],
    count: [
      'x.parquet',
      patched(parquet('UNCOMPRESSED', ROWS), TWENTY, Buffer.from([0x16, 0x7e])),
      /x\.parquet/,
    ],
    dimension: ['x.parquet', parquet('SNAPPY', [[1, 2], [3]]), /1 .*dimensions|dimensions.* 1/],
    types: [
      'x.parquet',
      parquet(
        'SNAPPY',
        [
          ['1', '2'],
          ['3', 'red'],
        ],
        'BYTE_ARRAY',
      ),
      /row 1: .*a text and no number/,
    ],
    packed: ['x.parquet', pageBomb(), /announces 21474836\d\d when unpacked/],
  },
  jsonl: {
    truncated: ['x.jsonl', cut(text('{"id":1,"vector":[1,2]}\n{"id":2,"vector":[3,4]}\n')), /is not JSON/],
    header: ['x.jsonl', golden('tiny.fbin'), /is not JSON/],
    count: 'it has no counts',
    dimension: ['x.jsonl', text('{"id":1,"vector":[1,2]}\n{"id":2,"vector":[3]}\n'), /dimensions/],
    types: ['x.jsonl', text('{"id":1,"vector":[1,2]}\n{"id":2,"vector":["a","b"]}\n'), /has no vector/],
    packed: ['x.jsonl.gz', cut(gzipSync('{"id":1,"vector":[1,2]}\n'.repeat(99))), /x\.jsonl\.gz/],
  },
  csv: {
    truncated: ['x.csv', text('id,a,b\n1,2,3\n2,3'), /has 2 cells, the first row has 3/],
    header: ['x.csv', text('id,a,a\n1,2,3\n'), /the column "a" twice/],
    count: 'it has no counts',
    dimension: ['x.csv', text('id,vector\n1,"[1,2]"\n2,"[1,2,3]"\n'), /dimensions/],
    types: ['x.csv', text('id,vector\n1,"[1,2]"\n2,red\n'), /has no vector/],
    packed: ['x.csv.gz', cut(gzipSync('id,vector\n1,"[1,2]"\n')), /x\.csv\.gz/],
  },
  arrow: {
    truncated: ['x.arrow', cut(golden('list.arrow')), /x\.arrow/],
    header: ['x.arrow', golden('tiny.fbin'), /x\.arrow/],
    count: ['x.arrow', patched(golden('list.arrow'), i64(7n), i64(2n ** 40n)), /announces 1099511627776/],
    dimension: ['x.feather', patched(golden('fixed.feather'), i32(6), i32(-6)), /x\.feather/],
    types: ['x.arrow', patched(golden('list.arrow'), i64(20n), i64(2n ** 40n)), /does not say what it holds/],
    packed: ['x.feather', arrowBomb(), /unpacks to more than 10 times its size/],
  },
  npy: {
    truncated: ['x.npy', cut(golden('i2.npy')), /has \d+ bytes/],
    header: ['x.npy', text('no array in here, whatever its name says'), /not .*npy/],
    count: ['x.npy', npy(shape('2000000000, 6')), /bytes/],
    dimension: ['x.npy', npy(shape('20, -6')), /shape/],
    types: ['x.npy', npy(shape('20, 6', "'|O'")), /object|dtype/],
    packed: ['x.npy.gz', cut(gzipSync(golden('i2.npy'))), /cannot be unpacked/],
  },
  npz: {
    truncated: ['x.npz', cut(golden('stored.npz')), /not a readable npz file/],
    header: ['x.npz', golden('tiny.fbin'), /not a readable npz file/],
    count: ['x.npz', patched(golden('stored.npz'), text('(20, 6)'), text('(90, 6)')), /bytes/],
    dimension: ['x.npz', patched(golden('stored.npz'), text('(20, 6)'), text('(20,-6)')), /shape/],
    types: [
      'x.npz',
      patched(golden('stored.npz'), text("'<f4'"), text("'|O8'")),
      /no certain array of vectors/,
    ],
    packed: ['x.npz', zipBomb(), /unpacks to more than 10 times its size/],
  },
  hdf5: {
    truncated: ['x.hdf5', cut(golden('f8.hdf5')), /not a readable HDF5 file/],
    header: ['x.hdf5', golden('tiny.fbin'), /not a readable HDF5 file/],
    count: [
      'x.hdf5',
      patched(golden('f8.hdf5'), i64(20n, 6n), i64(2n ** 40n, 6n)),
      /unpacks to more than|readable HDF5/,
    ],
    dimension: [
      'x.hdf5',
      patched(golden('f8.hdf5'), i64(20n, 6n), i64(20n, 2n ** 30n)),
      /makes no sense|invalid dataset size/,
    ],
    types: ['x.hdf5', golden('tiny.u8bin'), /not a readable HDF5 file/],
    packed: ['x.hdf5.gz', cut(gzipSync(golden('f8.hdf5'))), /cannot be unpacked/],
  },
  vecs: {
    truncated: ['x.fvecs', cut(golden('tiny_base.fvecs')).subarray(0, -3), /no whole number of rows/],
    header: ['x.fvecs', text('no vectors in here'), /makes no sense/],
    count: IN_SIZE,
    dimension: ['x.fvecs', Buffer.concat([i32(-3), Buffer.alloc(12)]), /makes no sense/],
    types: ['x.fvecs', Buffer.concat([i32(2, 0, 0), i32(1, 0, 0)]), /says that it has 1 dimensions/],
    packed: ['x.fvecs.gz', cut(gzipSync(golden('tiny_base.fvecs'))), /cannot be unpacked/],
  },
  bin: {
    truncated: ['x.fbin', cut(golden('tiny.fbin')), /has \d+ bytes/],
    header: ['x.fbin', text('no vectors in here'), /makes no sense/],
    count: ['x.fbin', Buffer.concat([i32(2_000_000_000, 6), Buffer.alloc(24)]), /has 32 bytes/],
    dimension: ['x.fbin', Buffer.concat([i32(1, -1), Buffer.alloc(24)]), /makes no sense/],
    types: ONE_TYPE,
    packed: ['x.fbin.gz', cut(gzipSync(golden('tiny.fbin'))), /cannot be unpacked/],
  },
};

describe('bad input', () => {
  it('has a row for every format, with every kind of fault', () => {
    expect(Object.keys(BAD).toSorted()).toEqual(FORMATS.map(({ name }) => name).toSorted());
  });

  const cases = Object.entries(BAD).flatMap(([format, kinds]) =>
    KINDS.flatMap((kind) => {
      const each = kinds[kind];
      return typeof each === 'string' ? [] : [[format, kind, ...each] as const];
    }),
  );
  it.each(cases)('%s: %s', { timeout: 10_000 }, async (_, __, name, bytes, message) => {
    const path = join(temporaryFolder(), name);
    writeFileSync(path, bytes);
    const before = process.resourceUsage().maxRSS;
    const open = async () => {
      const file = await openFormat(path, { cacheFolder: temporaryFolder() });
      try {
        await collect(file.points.read({ batchSize: 5 }));
      } finally {
        await file.points.close();
        file.close?.();
      }
    };
    const error = await open().then(
      () => undefined,
      (thrown: Error) => thrown,
    );
    expect(error?.message).toMatch(message);
    await expectInputError(Promise.reject(error), name);
    expect(process.resourceUsage().maxRSS - before, 'KiB').toBeLessThan(256 * 1024);
  });

  it('a gzip bomb is left where it shows itself as one', { timeout: 60_000 }, async () => {
    const path = join(temporaryFolder(), 'bomb.npy.gz');
    const part = gzipSync(Buffer.alloc(2 ** 27));
    writeFileSync(path, Buffer.concat(Array.from({ length: 32 }, () => part)));
    let size = 0;
    const drain = async () => {
      for await (const piece of openBytes(path)) size += (piece as Buffer).length;
    };
    await expectInputError(drain(), 'bomb.npy.gz', 'unpacks to more than 100 times its size');
    expect(size).toBeLessThan(2 ** 32);
  });

  describe('files outside of the folder of a dataset', () => {
    const describe = (folder: string, points: string, more = '') =>
      writeFileSync(
        join(folder, 'dataset.yaml'),
        `name: shared\nformat: npy\nmetric: l2\npoints: { file: ${points} }\nquerySets: [{ name: q, file: q.npy${more} }]\n`,
      );
    const prepare = () => {
      const outside = temporaryFolder();
      writeFileSync(join(outside, 'secret.npy'), golden('i2.npy'));
      const folder = join(temporaryFolder(), 'set');
      mkdirSync(folder);
      writeFileSync(join(folder, 'q.npy'), golden('i2.npy'));
      return { outside, folder };
    };

    it('are not reached by names', async () => {
      const { outside, folder } = prepare();
      for (const name of [
        '../secret.npy',
        'a/../../secret.npy',
        join(outside, 'secret.npy'),
        'C:\\secret.npy',
      ]) {
        describe(folder, name);
        await expectInputError(openFresh(folder), 'dataset.yaml', 'must be a path inside the dataset folder');
      }
    });

    it('nor by links, whatever they are for; a link inside of it, or to it, is none', async () => {
      const { outside, folder } = prepare();
      symlinkSync(join(outside, 'secret.npy'), join(folder, 'points.npy'));
      describe(folder, 'points.npy');
      await expectInputError(openFresh(folder), 'points.npy', "is a link out of the dataset's folder");
      symlinkSync(outside, join(folder, 'sub'));
      describe(folder, 'q.npy', ', neighbors: sub/secret.npy');
      await expectInputError(openFresh(folder), 'secret.npy', "is a link out of the dataset's folder");
      symlinkSync('q.npy', join(folder, 'p.npy'));
      describe(folder, 'p.npy');
      const link = join(temporaryFolder(), 'link');
      symlinkSync(folder, link);
      await (await openFresh(link)).close();
    });
  });
});
