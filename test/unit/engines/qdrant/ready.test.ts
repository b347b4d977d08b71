import { afterEach, describe, expect, test } from 'vitest';

import { openClient } from '../../../../engines/qdrant/client.js';
import { untilReady } from '../../../../engines/qdrant/ready.js';
import { ALWAYS } from '../../../../engines/qdrant/requests.js';
import type { Answer, Replay } from './replay.js';
import {
  beyondTranscript,
  CREATE,
  close,
  collect,
  is,
  many,
  never,
  OPTIMIZATIONS,
  ok,
  queue,
  SNAPSHOTS,
  serve,
  state,
} from './server.js';

afterEach(close);

describe('readiness', () => {
  /** Collection states in turn, the last one again and again; the queue is that of each state. */
  function script(steps: readonly (Parameters<typeof state>[0] & { queued?: number })[]): Answer {
    let at = -1;
    return (request) => {
      if (is(request, 'get', CREATE)) {
        at = Math.min(at + 1, steps.length - 1);
        const { queued: _, ...figures } = steps[at]!;
        return state(figures);
      }
      return is(request, 'get', OPTIMIZATIONS) ? queue(steps[at]!.queued ?? 0) : beyondTranscript(request);
    };
  }
  const asked = (server: Replay) => server.requests.filter((request) => is(request, 'get', CREATE)).length;
  const wait = (server: Replay, count: number, indexed = true) =>
    untilReady(openClient(server.endpoint), 'vecproof-p', { count, indexed }, never, 1);

  test('the index is released once, after loading, and everything is in it', async () => {
    const server = await serve(script([{ status: 'yellow' }, { indexed_vectors_count: 3 }]));
    const collection = await collect(server, { index: { m: 4 } });
    await collection.load(many(3), never);
    expect(await collection.ready(never)).toEqual({
      count: 3,
      indexed: 3,
      details: { status: 'green', segments: 2, threads: 2 },
    });
    await collection.ready(never);
    const patches = server.requests.filter(({ method }) => method === 'patch');
    expect(patches.map(({ body }) => body)).toEqual([{ optimizers_config: { indexing_threshold: ALWAYS } }]);
  });

  test('green between two steps of a build is not the end', async () => {
    const steps = [
      { status: 'yellow' },
      { status: 'green', indexed_vectors_count: 0 },
      { status: 'yellow', indexed_vectors_count: 0 },
      { status: 'green', indexed_vectors_count: 1000, queued: 1 },
      { status: 'green', indexed_vectors_count: 1000 },
    ];
    const server = await serve(script(steps));
    const info = await untilReady(openClient(server.endpoint), 'x', { count: 1000, indexed: true }, never);
    expect(info.indexed_vectors_count).toBe(1000);
    expect(asked(server)).toBe(steps.length);
  });

  test('without an index only rest is waited for', async () => {
    const server = await serve(script([{ status: 'yellow' }, { queued: 2 }, { indexed_vectors_count: 0 }]));
    await wait(server, 1000, false);
    expect(asked(server)).toBe(3);
  });

  test('rest with points missing from the index is a failure that names the setting', async () => {
    const server = await serve(script([{ indexed_vectors_count: 600 }]));
    await expect(wait(server, 1000)).rejects.toThrow(
      /only 600 of 1000 points are indexed.*\n.*index\.segments: 1, or use type: flat/,
    );
  });

  test('grey, as after a restart, is woken once', async () => {
    const steps = [
      { status: 'grey' },
      { status: 'grey' },
      { status: 'yellow' },
      { indexed_vectors_count: 9 },
    ];
    const server = await serve(script(steps));
    await wait(server, 9);
    expect(server.requests.filter(({ method }) => method === 'patch').map(({ body }) => body)).toEqual([
      { optimizers_config: {} },
    ]);
  });

  test.each([
    [{ status: 'red' }, /optimizers failed: its status is red/],
    [
      { optimizer_status: { error: 'No space left on device' } },
      /optimizers failed: No space left on device/,
    ],
  ])('%j is a failure', async (step, message) => {
    const server = await serve(script([step]));
    await expect(wait(server, 9)).rejects.toThrow(message);
  });

  test('a raised signal ends the wait with its reason', async () => {
    const abort = new AbortController();
    const reason = new Error('enough');
    const server = await serve((request) => {
      if (is(request, 'get', CREATE)) abort.abort(reason);
      return script([{ status: 'yellow' }])(request);
    });
    const collection = await collect(server, { index: {} });
    await collection.load(many(3), never);
    await expect(collection.ready(abort.signal)).rejects.toBe(reason);
  });
});

describe('size on disk', () => {
  test('is that of a snapshot, which is removed again', async () => {
    const name = 'p-1.snapshot';
    const server = await serve((request) => {
      if (is(request, 'post', SNAPSHOTS)) return ok({ name, size: 27_000_000 });
      if (is(request, 'delete', `${SNAPSHOTS}/{snapshot_name}`)) return ok(true);
      return beyondTranscript(request);
    });
    expect(await (await collect(server)).indexBytes()).toBe(27_000_000);
    expect(server.requests.at(-1)).toMatchObject({ method: 'delete', route: `${SNAPSHOTS}/{snapshot_name}` });
  });
});
