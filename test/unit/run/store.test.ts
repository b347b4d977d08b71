import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { temporaryName, writeFileAtomic } from '../../../common/files.js';
import type { LoggedEvent } from '../../../harness/model/events.js';
import { appendEvent, readEvents, repairEvents } from '../../../harness/store/event-log.js';
import {
  cleanRunFolder,
  createRunFolder,
  findRun,
  type RunFolder,
} from '../../../harness/store/run-folder.js';

let parent: string;
let folder: RunFolder;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'vecproof-store-'));
  folder = createRunFolder(parent, 'A Suite: with odd/characters', new Date('2026-01-02T03:04:05Z'));
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

const event = (seconds: number): LoggedEvent => ({
  type: 'phase',
  time: '2026-01-01T00:00:00Z',
  build: 'b',
  phase: 'load',
  seconds,
});

describe('a run folder', () => {
  test('is named after time and suite, and never taken twice', () => {
    expect(folder.id).toBe('20260102-030405-a-suite-with-odd-characters');
    const second = createRunFolder(parent, 'A Suite: with odd/characters', new Date('2026-01-02T03:04:05Z'));
    expect(second.id).toBe(`${folder.id}-2`);
  });

  test('that is not there is bad input with the ones that are', () => {
    expect(() => findRun('nothing', parent)).toThrow(/nothing: no such run[\s\S]*there are no runs under/);
    writeFileSync(folder.manifest, '{}');
    expect(() => findRun('nothing', parent)).toThrow(folder.id);
    expect(findRun('latest', parent).path).toBe(folder.path);
    expect(findRun(folder.id, parent).path).toBe(folder.path);
  });

  test('loses its work and unfinished files when it is cleaned, and nothing else', () => {
    writeFileSync(join(folder.work, 'x'), '');
    writeFileSync(temporaryName(folder.manifest), '');
    writeFileSync(temporaryName(join(folder.parts, 'p')), '');
    writeFileSync(join(folder.parts, 'kept.0.parquet'), '');
    cleanRunFolder(folder);
    expect(readdirSync(folder.path)).toEqual(['samples']);
    expect(readdirSync(folder.parts)).toEqual(['kept.0.parquet']);
  });
});

describe('the log', () => {
  test('gives back what was appended', () => {
    expect(readEvents(folder)).toEqual([]);
    for (const seconds of [1, 2]) appendEvent(folder, event(seconds));
    expect(readEvents(folder)).toEqual([event(1), event(2)]);
  });

  test('is read without a last line that was cut off, at whatever byte, and goes on after a repair', () => {
    appendEvent(folder, event(1));
    const line = JSON.stringify(event(2));
    for (let length = 1; length <= line.length; length++) {
      writeFileSync(folder.events, `${JSON.stringify(event(1))}\n${line.slice(0, length)}`);
      expect(readEvents(folder)).toEqual([event(1)]);
    }
    repairEvents(folder);
    appendEvent(folder, event(3));
    expect(readEvents(folder)).toEqual([event(1), event(3)]);
  });

  test.each(['{"type":"phase"', '{"type":"unheard"}', '[]', ''])(
    'refuses the damaged line %j with its number',
    (line) => {
      appendEvent(folder, event(1));
      appendFileSync(folder.events, `${line}\n`);
      appendEvent(folder, event(2));
      expect(() => readEvents(folder)).toThrow(`${folder.events}:2: this line of the log is damaged`);
    },
  );

  test('that cannot be written is a failure with a remedy', () => {
    mkdirSync(folder.events);
    expect(() => appendEvent(folder, event(1))).toThrow(/events\.jsonl: the run cannot be recorded: EISDIR/);
  });
});

describe('a file', () => {
  test('is written whole or not at all', () => {
    const path = join(parent, 'file');
    writeFileAtomic(path, 'one');
    mkdirSync(join(parent, 'in-the-way'));
    writeFileSync(join(parent, 'in-the-way', 'x'), '');
    expect(() => writeFileAtomic(join(parent, 'in-the-way'), 'two')).toThrow(/in-the-way: cannot be written/);
    expect(() => writeFileAtomic(join(parent, 'none', 'file'), 'two')).toThrow(
      /none\/file: cannot be written: ENOENT/,
    );
    expect(readdirSync(parent).filter((name) => name.startsWith('.tmp-'))).toEqual([]);
    expect(readFileSync(path, 'utf8')).toBe('one');
  });
});
