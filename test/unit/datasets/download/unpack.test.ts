import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { unpack } from '../../../../datasets/download/unpack.js';
import { tarGz, zip } from './archives.js';

const TEXT = Buffer.from('{"_id":"1","text":"a"}\n');
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vecproof-unpack-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function unpacked(archive: Buffer, limit = 1e6): Promise<void> {
  const path = join(folder, 'archive');
  writeFileSync(path, archive);
  return unpack(path, join(folder, 'out'), limit, undefined);
}

const out = (name: string) => readFileSync(join(folder, 'out', name), 'utf8');

test('a zip as BEIR has them: its only folder is left out', async () => {
  await unpacked(
    zip([
      { name: 'scifact/', content: Buffer.alloc(0), mode: 0o040755 },
      { name: 'scifact/corpus.jsonl', content: TEXT },
      { name: 'scifact/qrels/test.tsv', content: Buffer.from('x') },
      { name: '__MACOSX/scifact/._corpus.jsonl', content: Buffer.from('x') },
    ]),
  );
  expect(readdirSync(join(folder, 'out')).sort()).toEqual(['corpus.jsonl', 'qrels']);
  expect(out('corpus.jsonl')).toBe(TEXT.toString());
});

test.each(['', './', 'arxiv/'])('a tar.gz whose files begin with "%s"', async (prefix) => {
  await unpacked(
    await tarGz([
      { name: `${prefix}vectors.npy`, content: TEXT },
      { name: `${prefix}payloads.jsonl`, content: TEXT },
    ]),
  );
  expect(readdirSync(join(folder, 'out')).sort()).toEqual(['payloads.jsonl', 'vectors.npy']);
});

describe('paths that lead outside, links and names that come twice', () => {
  test.each(['../evil', 'a/../../evil', '/tmp/vecproof-evil', 'C:/evil', 'a\\..\\..\\evil'])(
    '%s',
    async (name) => {
      await expect(unpacked(zip([{ name, content: TEXT }]))).rejects.toMatchObject({ exitCode: 2 });
      await expect(unpacked(await tarGz([{ name, content: TEXT }]))).rejects.toThrow(
        'leads outside of the folder',
      );
      expect(existsSync(join(folder, 'evil'))).toBe(false);
      expect(existsSync('/tmp/vecproof-evil')).toBe(false);
    },
  );

  test('links', async () => {
    const link = { name: 'a', mode: 0o120777, content: Buffer.from('/etc/passwd') };
    await expect(unpacked(zip([link]))).rejects.toThrow('is a link or a device');
    for (const type of ['symlink', 'link'] as const) {
      const archive = await tarGz([{ name: 'a', type, linkname: '/etc/passwd' }]);
      await expect(unpacked(archive)).rejects.toThrow('is a link or a device');
    }
  });

  test('twice', async () => {
    const twice = [
      { name: 'a', content: TEXT },
      { name: 'a', content: TEXT },
    ];
    await expect(unpacked(zip(twice))).rejects.toThrow('"a" comes twice');
    await expect(unpacked(await tarGz(twice))).rejects.toThrow('"a" comes twice');
  });
});

describe('bombs', () => {
  const zeros = Buffer.alloc(20_000_000);

  test('more than the limit, whatever the archive says of itself', async () => {
    await expect(unpacked(zip([{ name: 'a', content: zeros }]))).rejects.toThrow(
      'more than the 1000000 bytes',
    );
    await expect(unpacked(zip([{ name: 'a', content: zeros, claims: 10 }]))).rejects.toThrow(
      'cannot be unpacked',
    );
    await expect(unpacked(await tarGz([{ name: 'a', content: zeros }]))).rejects.toThrow(
      'more than the 1000000 bytes',
    );
  });

  test('in entries that are skipped', async () => {
    const skipped = await tarGz([{ name: '__MACOSX/a', content: zeros }]);
    await expect(unpacked(skipped, 100)).rejects.toThrow(/unpacks to more than the 16777316 bytes/);
  });

  test('many files', async () => {
    const many = Array.from({ length: 10_001 }, (_, i) => ({ name: `f${i}`, content: Buffer.alloc(0) }));
    await expect(unpacked(await tarGz(many))).rejects.toThrow('more than 10000');
  });
});

test('what is damaged, empty or no archive', async () => {
  const good = zip([{ name: 'a', content: Buffer.from('x'.repeat(5000)) }]);
  for (const bad of [good.subarray(0, good.length - 10), Buffer.from('<html>'), Buffer.alloc(0)])
    await expect(unpacked(bad)).rejects.toThrow('cannot be unpacked');
  const tar = await tarGz([{ name: 'a', content: Buffer.from('x'.repeat(5000)) }]);
  await expect(unpacked(tar.subarray(0, tar.length - 20))).rejects.toThrow('cannot be unpacked');
  await expect(unpacked(zip([]))).rejects.toThrow('without files');
});
