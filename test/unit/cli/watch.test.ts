import { describe, expect, test } from 'vitest';
import { DEADLINE_SECONDS, MEMORY_BYTES, ReadWatch, usageOf } from '../../../cli/watch.js';

const MIB = 2 ** 20;
const reading = (bytes = 100) => {
  const watch = new ReadWatch();
  watch.sign({ reading: 'x.parquet', bytes });
  expect(watch.look({ seconds: 3, bytes: 100 * MIB }, 0.05)).toBeUndefined();
  return watch;
};

describe('a process that reads a foreign file', () => {
  test('is ended where reading uses CPU time and does not go on', () => {
    const watch = reading();
    expect(watch.look({ seconds: 3 + DEADLINE_SECONDS, bytes: 100 * MIB }, 0.05)).toBeUndefined();
    expect(watch.look({ seconds: 3.1 + DEADLINE_SECONDS, bytes: 100 * MIB }, 0.05)).toMatchObject({
      where: 'x.parquet',
      what: expect.stringMatching(/no progress/),
    });
  });

  test('is not where it says that it goes on, has ended, or waits for a slow disk', () => {
    const watch = reading();
    watch.sign({ reading: 'x.parquet', bytes: 100 });
    expect(watch.look({ seconds: 30, bytes: 100 * MIB }, 0.05)).toBeUndefined();
    expect(watch.look({ seconds: 31, bytes: 100 * MIB }, 3600)).toBeUndefined();
    watch.sign({ reading: null });
    expect(watch.look({ seconds: 99, bytes: 9000 * MIB }, 0.05)).toBeUndefined();
  });

  test('is ended where reading takes more memory than its file can be for', () => {
    const watch = reading();
    expect(watch.look({ seconds: 3, bytes: 100 * MIB + MEMORY_BYTES }, 0.05)).toBeUndefined();
    expect(watch.look({ seconds: 3, bytes: 101 * MIB + MEMORY_BYTES }, 0.05)?.what).toMatch(/768 MiB/);
    expect(reading(2 ** 30).look({ seconds: 3, bytes: 8000 * MIB }, 0.05), 'a large file').toBeUndefined();
  });

  test('is ended by the clock where the system does not tell CPU time', () => {
    const watch = new ReadWatch();
    watch.sign({ reading: 'x.npz', bytes: 1 });
    const unknown = { seconds: undefined, bytes: undefined };
    expect(watch.look(unknown, 100)).toBeUndefined();
    expect(watch.look(unknown, 100)?.where).toBe('x.npz');
  });

  test.skipIf(process.platform !== 'linux')('tells what it has used', () => {
    const { seconds, bytes } = usageOf(process.pid);
    expect(seconds).toBeGreaterThan(0);
    expect(bytes).toBeGreaterThan(10 * MIB);
    expect(usageOf(2 ** 22)).toEqual({ seconds: undefined, bytes: undefined });
  });
});
