import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { parseJson } from '../../../common/json.js';
import { packageRoot } from '../../../common/paths.js';
import { readRegular } from '../../../common/regular-file.js';
import { readCsv } from '../../../datasets/formats/csv/parse.js';
import { readLines } from '../../../datasets/formats/lines.js';
import { unpackHadoopLz4, unpackLz4Block } from '../../../datasets/formats/lz4.js';
import { COMPRESSORS } from '../../../datasets/formats/parquet/compression.js';
import { prepareMetadata, prepareVectors } from '../../../datasets/prepare.js';
import { expectInputError, fixtures, openFresh, temporaryFolder } from '../datasets/support.js';

const FILES = join(packageRoot, 'test/golden/fuzz/files');
const MIB = 2 ** 20;

/** Everything of a dataset, as a command reads it. */
async function readAll(path: string): Promise<void> {
  const dataset = await openFresh(path, { queriesOptional: true, metric: 'dot' });
  try {
    const cacheFolder = temporaryFolder();
    await prepareVectors(dataset, { cacheFolder });
    const names = dataset.info.fields.map(({ name }) => name);
    await prepareMetadata(dataset, names, { cacheFolder });
  } finally {
    await dataset.close();
  }
}

describe('small files that announce much are refused before memory is given for it', () => {
  test.each([
    ['unallocated.hdf5', 'its header makes no sense'],
    ['chunk.hdf5', 'unpacks to more than 10 times its size'],
    ['equal-zstd.parquet', 'unpacks to more than 10 times its size'],
    ['page-header.parquet', 'page-header.parquet'],
    ['backwards.feather', 'backwards.feather'],
    ['no-data.feather', 'no-data.feather'],
    ['no-page.parquet', 'no-page.parquet'],
    ['window.jsonl.zst', 'window.jsonl.zst'],
    ['no-sign.npz', 'which there is not'],
    ['no-list-type.arrows', 'is not a readable Arrow file'],
    ['long-list.feather', 'a list announces 1644167174 values'],
  ])('%s', async (name, message) => {
    const before = process.resourceUsage().maxRSS;
    await expectInputError(readAll(join(FILES, name)), name, message);
    expect(process.resourceUsage().maxRSS - before, 'KiB').toBeLessThan(300 * 1024);
  });

  test('a packed file of one line without end', async () => {
    const path = join(temporaryFolder(), 'x.jsonl.gz');
    writeFileSync(path, gzipSync(Buffer.alloc(300 * MIB, 'a')));
    const before = process.resourceUsage().maxRSS;
    await expectInputError(readAll(path), 'x.jsonl.gz', `a line of more than ${16 * MIB} bytes`);
    expect(process.resourceUsage().maxRSS - before, 'KiB').toBeLessThan(300 * 1024);
  });

  test('a packed text of many lines', async () => {
    const path = join(temporaryFolder(), 'x.jsonl.gz');
    writeFileSync(path, gzipSync(Buffer.alloc(300 * MIB, `{"id":1}${' '.repeat(1000)}\n`)));
    const read = async () => {
      for await (const line of readLines(path)) expect(line.length).toBe(1008);
    };
    await expectInputError(read(), 'x.jsonl.gz', 'unpacks to more than 100 times its size');
  });
});

describe('texts', () => {
  test('that are nested deeper than data is are refused, however they are nested', async () => {
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
      ['[{"a":', '}]'],
    ] as const) {
      const deep = open.repeat(50_000) + (open.endsWith(':') ? '1' : '') + close.repeat(50_000);
      expect(() => parseJson(deep)).toThrow('nested more than 100 deep');
      const path = join(temporaryFolder(), 'x.jsonl');
      writeFileSync(path, `{"id":1,"vector":[1,2],"deep":${deep}}\n`);
      await expectInputError(readAll(path), 'x.jsonl:1', 'nested more than 100 deep');
    }
    expect(
      parseJson(`{"text":"${'['.repeat(500)}","list":${'[1],'.repeat(500).replace(/^(.*),$/, '[$1]')}}`),
    ).toBeTruthy();
  });

  test('a quote of CSV that is never closed costs one look at each line', async () => {
    const path = join(temporaryFolder(), 'x.csv');
    writeFileSync(path, `id,text\n1,"open\n${'a,b "" c,d\n'.repeat(200_000)}`);
    const began = performance.now();
    await expectInputError(
      (async () => {
        for await (const row of readCsv(path)) expect(row.line).toBeGreaterThan(0);
      })(),
      'x.csv:2',
      'never closed',
    );
    expect(performance.now() - began, 'ms; with a look at all lines at each it takes minutes').toBeLessThan(
      10_000,
    );
  });

  test('cells of CSV keep quotes, separators and line breaks', async () => {
    const path = join(temporaryFolder(), 'x.csv');
    writeFileSync(path, 'a,b,c\n"1,2","x\ny ""z"" ",w"v\n"","""",\n');
    const rows: string[][] = [];
    for await (const { cells } of readCsv(path)) rows.push(cells);
    expect(rows).toEqual([
      ['a', 'b', 'c'],
      ['1,2', 'x\ny "z" ', 'w"v'],
      ['', '"', ''],
    ]);
  });
});

describe('LZ4', () => {
  // 20 bytes "a": a literal, then a copy of 15 and one more from 1 byte before, and a last literal.
  const block = Buffer.from([0x1f, 0x61, 0x01, 0x00, 0x00, 0x10, 0x61]);

  test('is unpacked alone and in Hadoop’s frames', () => {
    const text = 'a'.repeat(21);
    expect(Buffer.from(unpackLz4Block(block, 21)).toString()).toBe(text);
    const framed = Buffer.concat([Buffer.from([0, 0, 0, 21, 0, 0, 0, block.length]), block]);
    expect(Buffer.from(unpackHadoopLz4(framed, 21)).toString()).toBe(text);
    expect(Buffer.from(COMPRESSORS['LZ4']!(block, 21)).toString()).toBe(text);
  });

  test('of a negative length ends', () => {
    const negative = Buffer.concat([Buffer.from([0, 0, 0, 0, 0xff, 0xff, 0xff, 0xf8]), Buffer.alloc(64)]);
    expect(() => COMPRESSORS['LZ4']!(negative, 64)).toThrow();
  });
});

describe.skipIf(process.platform === 'win32')('what is no file', () => {
  test('a FIFO, a device, a folder and a socket are refused, not waited for', async () => {
    const folder = temporaryFolder();
    const fifo = join(folder, 'x.npy');
    expect(spawnSync('mkfifo', [fifo]).status).toBe(0);
    await expectInputError(readAll(fifo), 'x.npy', 'is a FIFO, not a file');
    symlinkSync('/dev/zero', join(folder, 'zero.jsonl'));
    await expectInputError(readAll(join(folder, 'zero.jsonl')), 'is a device, not a file');
    mkdirSync(join(folder, 'dir'));
    expect(() => readRegular(join(folder, 'dir'))).toThrow('is a folder, not a file');
    const socket = join(folder, 'x.csv');
    const server = createServer().listen(socket);
    await new Promise((done) => server.once('listening', done));
    try {
      await expectInputError(readAll(socket), 'x.csv', 'not a file');
    } finally {
      server.close();
    }
  });
});

describe('what is kept in the cache', () => {
  test('is not believed where it was changed: vectors and metadata are made again, and it is said', async () => {
    const cacheFolder = temporaryFolder();
    const said: string[] = [];
    const onChanged = (message: string) => void said.push(message);
    const open = () =>
      openFresh(join(fixtures, 'pandas.parquet'), { queriesOptional: true, metric: 'dot', cacheFolder });
    const dataset = await open();
    const { file } = await prepareVectors(dataset, { cacheFolder, onChanged });
    const right = readFileSync(file);
    const names = dataset.info.fields.map(({ name }) => name);
    const { folder } = await prepareMetadata(dataset, names, { cacheFolder, onChanged });
    const lines = readFileSync(join(folder, 'metadata.jsonl'));
    await prepareVectors(dataset, { cacheFolder, onChanged });
    await prepareMetadata(dataset, names, { cacheFolder, onChanged });
    expect(said).toEqual([]);

    writeFileSync(
      file,
      Buffer.concat([right.subarray(0, 4), Buffer.from(new Float32Array([9]).buffer), right.subarray(8)]),
    );
    await prepareVectors(dataset, { cacheFolder, onChanged });
    expect(readFileSync(file).equals(right)).toBe(true);
    expect(said).toEqual([expect.stringMatching(/vectors\.f32 is not as it was written/)]);

    writeFileSync(
      join(folder, 'metadata.jsonl'),
      Buffer.from(lines.toString('latin1').replace(/\d/, '7'), 'latin1'),
    );
    await prepareMetadata(dataset, names, { cacheFolder, onChanged });
    expect(readFileSync(join(folder, 'metadata.jsonl')).equals(lines)).toBe(true);
    expect(said.at(-1)).toMatch(/metadata\.jsonl is not as it was written/);
    await dataset.close();
  });

  test('nor scans and unpacked copies', async () => {
    const cacheFolder = temporaryFolder();
    const said: string[] = [];
    const onChanged = (message: string) => void said.push(message);
    const packed = join(fixtures, 'formats/packed.npy.gz');
    const read = async (path: string) => {
      const dataset = await openFresh(path, { queriesOptional: true, metric: 'dot', cacheFolder, onChanged });
      const info = JSON.stringify([dataset.info.count, dataset.info.dimensions, dataset.info.fields]);
      await dataset.close();
      return info;
    };
    const [text, first] = [join(fixtures, 'formats/plain.ndjson'), await read(packed)];
    const second = await read(text);
    const change = (sub: string, by: (content: string) => string) => {
      const found = spawnSync('find', [join(cacheFolder, sub), '-type', 'f', '!', '-name', '*.sha256']);
      const [path] = found.stdout.toString().trim().split('\n');
      writeFileSync(path!, by(readFileSync(path!, 'latin1')), 'latin1');
    };
    change('unpacked', (content) => content.replace(/.$/s, 'X'));
    change('scans', (content) => content.replace(/"count":\d+/, '"count":1'));
    expect(await read(packed)).toBe(first);
    expect(await read(text)).toBe(second);
    expect(said).toHaveLength(2);
    for (const message of said)
      expect(message).toMatch(/is not as it was written: it is not used and made again/);
  });
});
