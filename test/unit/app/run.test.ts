import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Context, foldersOf } from '../../../harness/app/context.js';
import { resumeRun, startRun } from '../../../harness/app/run.js';
import { isLogged, type RunEvent } from '../../../harness/model/events.js';
import { readEvents } from '../../../harness/store/event-log.js';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'vecproof-app-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function contextOf(more: Partial<Context> = {}): Context & { events: RunEvent[] } {
  const events: RunEvent[] = [];
  return {
    ...foldersOf(home),
    cwd: home,
    env: {},
    signal: new AbortController().signal,
    hide: () => undefined,
    onEvent: (event) => events.push(event),
    events,
    ...more,
  };
}

/** 60 points in the plane, and a suite on them. */
function suite() {
  const lines = Array.from({ length: 60 }, (_, i) =>
    JSON.stringify({ id: `p${i}`, vector: [i, (i * 7) % 11] }),
  );
  writeFileSync(join(home, 'points.jsonl'), `${lines.join('\n')}\n`);
  writeFileSync(
    join(home, 'queries.jsonl'),
    '{"id":"q1","vector":[3,4]}\n{"id":"q2","vector":[40,1]}\n{"id":"q3","vector":[9,9]}\n',
  );
  const text = `version: 1
name: small
dataset: { path: points.jsonl, metric: l2, queries: queries.jsonl }
k: 3
repeat: 1
warmup: 0
engines:
  - { use: usearch, index: { type: hnsw, m: 8 }, search: { ef: 16 } }
`;
  return { text, given: 'small.yaml', path: join(home, 'small.yaml') };
}

/** Files below the home folder that this process holds open. */
function openFiles(): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`);
      return path.startsWith(home) ? [path] : [];
    } catch {
      return []; // Closed meanwhile: the one that listed them.
    }
  });
}

describe('a run without a terminal', () => {
  test('returns how it ended, and tells every event once: the log holds what is worth keeping', async () => {
    const context = contextOf();
    let finishedIn = '';
    const outcome = await startRun(suite(), {}, context, (folder) => {
      finishedIn = folder.path;
    });
    expect(outcome.state).toBe('completed');
    expect(finishedIn).toBe(outcome.folder.path);
    const logged = context.events.filter(isLogged);
    expect(logged).toEqual(readEvents(outcome.folder));
    expect(logged.map(({ type }) => type)).toContain('trialEnd');
    const live = new Set(context.events.filter((event) => !isLogged(event)).map(({ type }) => type));
    expect([...live]).toEqual(expect.arrayContaining(['preparation', 'plan', 'phaseBegin']));
    expect(openFiles()).toEqual([]);
  });

  test('closes its data also where the truth fails', async () => {
    const controller = new AbortController();
    const context = contextOf({ signal: controller.signal });
    let heldOpen: string[] = [];
    const stop = (event: RunEvent) => {
      context.events.push(event);
      // All is converted: what comes next is the truth.
      if (event.type !== 'preparation' || event.done < event.total) return;
      heldOpen = openFiles();
      controller.abort();
    };
    await expect(startRun(suite(), {}, { ...context, onEvent: stop })).rejects.toThrow();
    expect(context.events.map(({ type }) => type)).not.toContain('plan');
    expect(heldOpen).not.toEqual([]);
    expect(openFiles()).toEqual([]);
  });

  test('continues with what is missing, by the same tasks', async () => {
    const controller = new AbortController();
    const first = contextOf({ signal: controller.signal });
    const stop = (event: RunEvent) => {
      // Before its process has begun: such a small build may be done when a later word reaches it.
      if (event.type === 'buildBegin') controller.abort();
    };
    const interrupted = await startRun(suite(), {}, { ...first, onEvent: stop });
    expect(interrupted.state).toBe('interrupted');
    const context = contextOf();
    const outcome = await resumeRun(interrupted.folder.id, {}, context);
    expect(outcome.state).toBe('completed');
    const ends = context.events.filter((event) => event.type === 'trialEnd');
    expect(ends.map(({ state }) => state)).toEqual(['completed']);
    expect(openFiles()).toEqual([]);
  });
});
