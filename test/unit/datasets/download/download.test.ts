import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type CatalogEntry, readEntry } from '../../../../datasets/catalog.js';
import { type DownloadOptions, downloadDataset } from '../../../../datasets/download/download.js';
import { datasetFolder, downloadedRecord } from '../../../../datasets/download/record.js';
import { good, type Handler, type HostileServer, inTurn, serve, truncated } from './server.js';

const CONTENT = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7 + (i >> 8)) & 255));
const OTHER = Buffer.from(CONTENT.map((byte) => byte ^ 1));
const SHA256 = createHash('sha256').update(CONTENT).digest('hex');
const MD5 = createHash('md5').update(CONTENT).digest('hex');
const PATIENCE = { answer: 2000, stall: 150, retry: 5, tries: 3 };

let home: string;
let server: HostileServer | undefined;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'vecproof-download-'));
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  await rm(home, { recursive: true, force: true });
});

/** An entry of the catalog with one file, as its YAML is read. */
function entry(file: Record<string, unknown> = {}): CatalogEntry {
  const path = join(home, 'entry.yaml');
  const download = [{ file: 'x.fbin', url: `${server!.url}/x`, bytes: CONTENT.length, ...file }];
  writeFileSync(path, JSON.stringify({ name: 'set', format: 'bin', location: 'download', download }));
  return readEntry(path);
}

const options = (more: Partial<DownloadOptions> = {}): DownloadOptions => ({
  cacheFolder: join(home, 'cache'),
  patience: PATIENCE,
  ...more,
});

async function start(handler: Handler): Promise<HostileServer> {
  server = await serve({ '/x': handler });
  return server;
}

/** Nothing has the dataset's name, and no record says that it is here. */
function expectNothingWhole(): void {
  expect(downloadedRecord(join(home, 'cache'), 'set')).toBeUndefined();
  expect(existsSync(datasetFolder(join(home, 'cache'), 'set'))).toBe(false);
}

function expectWhole(content = CONTENT): void {
  const folder = datasetFolder(join(home, 'cache'), 'set');
  expect(readFileSync(join(folder, 'x.fbin')).equals(content)).toBe(true);
  expect(readdirSync(folder).sort()).toEqual(['download.json', 'x.fbin']);
  expect(readdirSync(join(home, 'cache', 'datasets')).sort()).toEqual(['set', 'set.json']);
}

describe('a server that works', () => {
  test('file, record and checksum', async () => {
    await start(good(CONTENT));
    const seen: number[] = [];
    const { record, already } = await downloadDataset(
      entry({ sha256: SHA256, md5: MD5 }),
      options({ onProgress: (_, done) => seen.push(done) }),
    );
    expect(already).toBe(false);
    expect(record.downloads[0]).toMatchObject({ bytes: CONTENT.length, sha256: SHA256 });
    expect(record.downloads[0]!.checksum).toBe('as the publisher states');
    expect(seen.at(-1)).toBe(CONTENT.length);
    expectWhole();
    const again = await downloadDataset(entry({ sha256: SHA256 }), options());
    expect(again.already).toBe(true);
    expect(server!.requests).toHaveLength(1);
  });

  test('a checksum that nobody states is recorded, and compared the next time even if the files were removed', async () => {
    await start(inTurn(good(CONTENT), good(OTHER, '"v2"'), good(OTHER, '"v2"')));
    const first = await downloadDataset(entry(), options());
    expect(first.record.downloads[0]!.checksum).toBe(
      'nobody states one: recorded now, and compared from now on',
    );
    await rm(first.folder, { recursive: true });
    await expect(downloadDataset(entry(), options())).rejects.toThrow(
      /another than expected: sha256 [0-9a-f]+, but [0-9a-f]+ by an earlier download[\s\S]*--accept-changed/,
    );
    expectNothingWhole();
    const { record } = await downloadDataset(entry(), options({ acceptChanged: true }));
    expect(record.downloads[0]!.checksum).toBe(`accepted instead of sha256 ${SHA256} of an earlier download`);
    expectWhole(OTHER);
  });

  test('the first rows of a larger file become a file of their own', async () => {
    const large = Buffer.alloc(8 + 100 * 4 * 4);
    large.writeUInt32LE(100, 0);
    large.writeUInt32LE(4, 4);
    for (let i = 0; i < 400; i++) large.writeFloatLE(i, 8 + 4 * i);
    const ignoresRanges: Handler = (_, response) => response.writeHead(200).end(large);
    for (const handler of [good(large), ignoresRanges]) {
      await start(handler);
      const { folder } = await downloadDataset(entry({ bytes: 8 + 10 * 4 * 4, rows: 10 }), options());
      const file = readFileSync(join(folder, 'x.fbin'));
      expect([file.length, file.readUInt32LE(0), file.readUInt32LE(4), file.readFloatLE(8 + 39 * 4)]).toEqual(
        [168, 10, 4, 39],
      );
      await rm(join(home, 'cache'), { recursive: true });
      await server!.close();
    }
  });
});

describe('going on where it stopped', () => {
  test('by Range and If-Range', async () => {
    await start(inTurn(truncated(CONTENT, 100_000), good(CONTENT)));
    await downloadDataset(entry(), options());
    expectWhole();
    const { range, 'if-range': condition } = server!.requests[1]!.headers;
    expect(range).toMatch(/^bytes=\d+-$/);
    expect(condition).toBe('"v1"');
  });

  test('in another process', async () => {
    await start(
      inTurn(truncated(CONTENT, 100_000), (_, response) => response.writeHead(404).end(), good(CONTENT)),
    );
    await expect(downloadDataset(entry(), options())).rejects.toThrow('answers 404');
    expectNothingWhole();
    await downloadDataset(entry(), options());
    expectWhole();
    expect(server!.requests[2]!.headers.range).toMatch(/^bytes=[1-9]\d+-$/);
  });

  test('from the beginning if the content has changed meanwhile', async () => {
    await start(inTurn(truncated(OTHER, 100_000, '"v0"'), good(CONTENT)));
    await downloadDataset(entry(), options());
    expectWhole();
  });

  test('from the beginning if the server ignores ranges', async () => {
    const whole: Handler = (_, response) =>
      response.writeHead(200, { 'content-length': CONTENT.length }).end(CONTENT);
    await start(inTurn(truncated(CONTENT, 100_000), whole));
    await downloadDataset(entry(), options());
    expectWhole();
  });

  test('from the beginning if nothing tells whether it is the same file still', async () => {
    await start(inTurn(truncated(CONTENT, 100_000, null), good(CONTENT)));
    await downloadDataset(entry(), options());
    expect(server!.requests[1]!.headers.range).toBeUndefined();
    expectWhole();
  });

  test('content that changed unnoticed is found out by its checksum, and downloaded anew', async () => {
    await start(inTurn(truncated(OTHER, 100_000, null), good(CONTENT)));
    await downloadDataset(entry({ sha256: SHA256 }), options());
    expectWhole();
    expect(server!.requests.map(({ headers }) => headers.range !== undefined)).toEqual([false, true, false]);
  });

  test('so is content that changed under the same ETag', async () => {
    await start(inTurn(truncated(OTHER, 100_000), good(CONTENT)));
    await downloadDataset(entry({ sha256: SHA256 }), options());
    expectWhole();
  });

  test('a server that gives another range than was asked for is not believed', async () => {
    const wrong: Handler = (_, response) =>
      response
        .writeHead(206, { 'content-range': `bytes 5-299999/300000`, 'content-length': 299_995, etag: '"v1"' })
        .end(CONTENT.subarray(5));
    await start(inTurn(truncated(CONTENT, 100_000), wrong, good(CONTENT)));
    await downloadDataset(entry(), options());
    expectWhole();
  });
});

describe('what passes is tried again, what does not is told', () => {
  test('a stall', async () => {
    const stalls: Handler = (_, response) => {
      response.writeHead(200, { 'content-length': CONTENT.length, etag: '"v1"' });
      response.write(CONTENT.subarray(0, 5000));
    };
    await start(inTurn(stalls, good(CONTENT)));
    await downloadDataset(entry(), options());
    expectWhole();
    await rm(join(home, 'cache'), { recursive: true });
    await server!.close();
    await start(stalls);
    await expect(downloadDataset(entry(), options())).rejects.toMatchObject({
      message: expect.stringMatching(/broke off after 5000 bytes[\s\S]*continues where it stopped/),
      exitCode: 3,
    });
    expectNothingWhole();
  });

  test('500, and 429 with the time that it asks for', async () => {
    const status =
      (code: number): Handler =>
      (_, response) =>
        response.writeHead(code, code === 429 ? { 'retry-after': '1' } : {}).end();
    await start(inTurn(status(500), status(429), good(CONTENT)));
    const before = performance.now();
    await downloadDataset(entry(), options());
    expect(performance.now() - before).toBeGreaterThan(950);
    expectWhole();
  });

  test.each([403, 404, 410, 401])('%i at once, with the way around it', async (code) => {
    await start((_, response) => response.writeHead(code).end('no'));
    await expect(downloadDataset(entry(), options())).rejects.toThrow(
      new RegExp(`answers ${code}[\\s\\S]*--mirror`),
    );
    expect(server!.requests).toHaveLength(1);
  });

  test('a file of another size is refused before it is taken', async () => {
    await start(good(CONTENT));
    await expect(downloadDataset(entry({ bytes: 1000 }), options())).rejects.toThrow(
      'a file of 300000 bytes where 1000 were expected',
    );
    await expect(downloadDataset(entry({ bytes: undefined, about: 1000 }), options())).rejects.toThrow(
      'a file of 300000 bytes where at most 2000 were expected',
    );
    expectNothingWhole();
  });

  test('a server that sends more than the catalog says, without a length, is stopped', async () => {
    let sent = 0;
    await start((_, response) => {
      const more = () => {
        sent += 65_536;
        if (!response.destroyed) response.write(Buffer.alloc(65_536), more);
      };
      more();
    });
    await expect(downloadDataset(entry({ bytes: undefined, about: 100_000 }), options())).rejects.toThrow(
      'sends more than the 200000 bytes',
    );
    expect(sent).toBeLessThan(20_000_000);
    expectNothingWhole();
  });

  test('a length that is a lie: the file is not taken for whole', async () => {
    await start((_, response) => {
      response.writeHead(200, { 'content-length': CONTENT.length, etag: '"v1"' });
      response.write(CONTENT.subarray(0, 200_000), () => response.destroy());
    });
    await expect(downloadDataset(entry({ bytes: undefined, about: 300_000 }), options())).rejects.toThrow(
      /cannot be downloaded[\s\S]*tried 3 times/,
    );
    expectNothingWhole();
  });

  test('a body that a proxy compressed', async () => {
    await start((_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('x'));
    await expect(downloadDataset(entry(), options())).rejects.toThrow('was sent compressed');
  });
});

describe('redirects', () => {
  const to =
    (location: string): Handler =>
    (_, response) =>
      response.writeHead(302, { location }).end();

  test.each([
    ['file:///etc/passwd', 'redirects to another scheme'],
    ['ftp://127.0.0.1/x', 'redirects to another scheme'],
    ['http://user:pass@127.0.0.1/x', 'an address with a login'],
    ['http://example.invalid/x', /redirects to another host \(example\.invalid\)[\s\S]*--allow-host/],
    ['http://[', 'no address'],
  ])('to %s are not followed', async (location, message) => {
    await start(to(location));
    await expect(downloadDataset(entry(), options())).rejects.toThrow(message);
    expectNothingWhole();
  });

  test('on the same host, and to a host that is allowed', async () => {
    const elsewhere = await serve({ '/y': good(CONTENT) });
    try {
      await start(to(`${elsewhere.url}/y`));
      const host = new URL(elsewhere.url).host;
      await expect(downloadDataset(entry(), options())).rejects.toThrow(`another host (${host})`);
      await downloadDataset(entry(), options({ allowHosts: [host] }));
      expectWhole();
    } finally {
      await elsewhere.close();
    }
  });

  test('in a circle end', async () => {
    await start(to('/x'));
    await expect(downloadDataset(entry(), options())).rejects.toThrow('more than 5 times');
  });
});

describe('without the publisher', () => {
  test('from an offline folder, held to the same checksum', async () => {
    await start(good(CONTENT));
    const folder = join(home, 'offline');
    mkdirSync(join(folder, 'set'), { recursive: true });
    writeFileSync(join(folder, 'set', 'x.fbin'), OTHER);
    const mirror = { mirror: folder };
    await expect(downloadDataset(entry({ sha256: SHA256 }), options(mirror))).rejects.toThrow(
      'another than expected',
    );
    writeFileSync(join(folder, 'set', 'x.fbin'), CONTENT);
    await downloadDataset(entry({ sha256: SHA256 }), options(mirror));
    expectWhole();
    expect(server!.requests).toEqual([]);
  });

  test('a folder without the file says where it goes; one of another size is refused', async () => {
    await start(good(CONTENT));
    await expect(downloadDataset(entry(), options({ mirror: home }))).rejects.toThrow(
      /has no x\.fbin of set/,
    );
    writeFileSync(join(home, 'x.fbin'), 'short');
    await expect(downloadDataset(entry(), options({ mirror: home }))).rejects.toThrow('has 5 bytes');
  });

  test('from a mirror with a login that is not recorded', async () => {
    server = await serve({ '/mirror/set/x.fbin': good(CONTENT) });
    const mirror = `${server.url.replace('//', '//me:secret@')}/mirror?token=abcd`;
    const { folder } = await downloadDataset(entry(), options({ mirror }));
    expectWhole();
    expect(server.requests[0]!.headers.authorization).toBe(
      `Basic ${Buffer.from('me:secret').toString('base64')}`,
    );
    const record = readFileSync(join(folder, 'download.json'), 'utf8');
    expect(record).toContain('/mirror/set/x.fbin');
    expect(record).not.toMatch(/secret|abcd/);
  });
});

test('two at once: the second is refused', async () => {
  await start(good(CONTENT));
  const folder = join(home, 'cache', 'datasets');
  mkdirSync(folder, { recursive: true });
  // Process 1 is alive on every machine.
  writeFileSync(join(folder, 'set.lock'), '1 \n');
  await expect(downloadDataset(entry(), options())).rejects.toThrow('is being downloaded by process 1');
});

test('an interruption leaves nothing that looks whole, and what has arrived', async () => {
  const controller = new AbortController();
  await start((_, response) => {
    response.writeHead(200, { 'content-length': CONTENT.length, etag: '"v1"' });
    response.write(CONTENT.subarray(0, 50_000));
  });
  const onProgress = (_: string, done: number) => {
    if (done >= 50_000) controller.abort();
  };
  const given = options({ signal: controller.signal, onProgress });
  await expect(downloadDataset(entry(), given)).rejects.toMatchObject({ exitCode: 130 });
  expectNothingWhole();
  await server!.close();
  await start(good(CONTENT));
  await downloadDataset(entry(), options());
  expectWhole();
});

test('a disk without room is said before anything is asked', async () => {
  await start(good(CONTENT));
  await expect(downloadDataset(entry({ bytes: 2 ** 52 }), options())).rejects.toThrow(
    /needs [\d,]+ MB, and [\d,]+ MB are free/,
  );
  expect(server!.requests).toEqual([]);
});
