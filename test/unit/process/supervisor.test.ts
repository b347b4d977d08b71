import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { askUntil } from '../../../engines/kit/poll.js';
import type { ProcessMessage } from '../../../harness/process/protocol.js';
import { type Supervision, supervise } from '../../../harness/process/supervisor.js';
import type { Task, TaskEnd } from '../../../harness/process/task.js';

interface Types {
  input: { script: string; file?: string };
  phase: 'first' | 'second' | 'part';
  deadline: 'early' | 'late';
  message: { type: 'own'; pid?: number; endpoint?: unknown; aborted?: boolean };
  report: { steps: number };
}

const task: Task<Types> = {
  name: 'rehearsal',
  // From `dist/`.
  module: '../test/unit/process/task.mjs',
  first: 'first',
  phases: { first: 'early', second: 'late', part: null },
};

const folder = mkdtempSync(join(tmpdir(), 'vecproof-supervisor-'));
afterAll(() => rmSync(folder, { recursive: true }));
let runs = 0;

async function run(
  script: string,
  more: Partial<Supervision<Types>> = {},
): Promise<{ end: TaskEnd<Types>; messages: ProcessMessage<Types>[]; workFolder: string }> {
  const workFolder = join(folder, String(runs++));
  const messages: ProcessMessage<Types>[] = [];
  const end = await supervise<Types>({
    task,
    input: { script, file: join(folder, 'written') },
    workFolder,
    leavings: { lock: join(folder, 'lock'), folders: [], temporariesIn: [] },
    limits: { memoryLimitBytes: null, deadlineSeconds: { early: 60, late: 1 } },
    signal: new AbortController().signal,
    onMessage: (message) => messages.push(message),
    ...more,
  });
  return { end, messages, workFolder };
}

describe.concurrent('a task in a process of its own', () => {
  test('loads its module, gives all its messages in order and its last report, and is ended', async () => {
    const { end, messages, workFolder } = await run('ends');
    expect(end).toEqual({ state: 'completed', report: { steps: 2 } });
    expect(messages.map(({ type }) => type)).toEqual([
      'begin',
      'report',
      'end',
      'own',
      'end',
      'report',
      'done',
    ]);
    const { pid } = messages[3] as { pid: number };
    expect(() => process.kill(pid, 0), 'the process is gone').toThrow('ESRCH');
    expect(existsSync(workFolder)).toBe(false);
  });

  test('that throws: its own words, where it was, and the report up to then', async () => {
    const { end } = await run('throws');
    expect(end).toMatchObject({
      state: 'failed',
      report: { steps: 1 },
      phase: 'first',
      subject: 'a',
      orderly: true,
    });
    expect(end).toHaveProperty('error', 'no more\ncaused by: enough');
  });

  test('that crashes is told by the name of its task', async () => {
    const { end } = await run('crashes');
    expect(end).toMatchObject({ state: 'failed', orderly: false });
    expect(end).toHaveProperty('error', expect.stringContaining('the process of the rehearsal crashed'));
  });

  test('that hangs is ended by the deadline of its phase', async () => {
    const { end } = await run('hangs after a message');
    expect(end).toMatchObject({ state: 'failed', phase: 'second', subject: undefined });
    expect(end).toHaveProperty('error', 'second took longer than its deadline of 1 s (deadline.late)');
  });

  test('that cannot record ends the run', async () => {
    await expect(run('cannot record')).rejects.toThrow('the disk is full');
  });

  test.each(['waits', 'ignores the signal'])('that %s: a raised signal ends it', async (script) => {
    const abort = new AbortController();
    const onMessage = (message: ProcessMessage<Types>) => {
      if (message.type === 'report') abort.abort(new Error('stop'));
    };
    const { end } = await run(script, { signal: abort.signal, onMessage });
    expect(end).toEqual({ state: 'aborted', report: { steps: 1 } });
  });

  test('knows of a signal that was raised before it began', async () => {
    const signal = AbortSignal.abort(new Error('stop'));
    const { messages } = await run('tells its signal', { signal });
    expect(messages.find(({ type }) => type === 'own')).toMatchObject({ aborted: true });
  });

  test('that is slow to load is left the time to begin before it has to end', async () => {
    const signal = AbortSignal.abort(new Error('stop'));
    const slow = { ...task, module: '../test/unit/process/slow-task.mjs' };
    const { messages } = await run('tells its signal', { task: slow, signal });
    expect(messages.find(({ type }) => type === 'own')).toMatchObject({ aborted: true });
  });

  test('has its server restarted by the supervisor', async () => {
    const endpoint = { host: 'h', port: 1, tls: false, secrets: {}, settings: {} };
    const server = {
      endedBecause: () => new Promise<string>(() => undefined),
      restart: async (how: 'stop' | 'kill') =>
        ({ type: 'server', endpoint: { ...endpoint, host: how } }) as const,
    };
    const { messages } = await run('restarts its server', { server });
    expect(messages.find(({ type }) => type === 'own')).toEqual({
      type: 'own',
      endpoint: { ...endpoint, host: 'kill' },
    });
  });

  test('whose server ends is ended with that reason', async () => {
    let ended = (_reason: string) => {};
    const server = {
      endedBecause: () => new Promise<string>((resolve) => (ended = resolve)),
      restart: async () => ({ type: 'server', error: 'no' }) as const,
    };
    const onMessage = (message: ProcessMessage<Types>) => {
      if (message.type === 'report') ended('the server is gone');
    };
    const { end } = await run('ignores the signal', { server, onMessage });
    expect(end).toMatchObject({ state: 'failed', error: 'the server is gone', orderly: false });
  });

  test('keeps its temporary files where they are removed', async () => {
    const { workFolder } = await run('writes');
    expect(readFileSync(join(folder, 'written'), 'utf8')).toBe(join(workFolder, 'tmp'));
  });

  test('under an inspector waits for it, and has no deadline meanwhile', async () => {
    const abort = new AbortController();
    const inspect = await freePort();
    const late = 0.01;
    const began = performance.now();
    const asked = run('hangs after a message', {
      inspect,
      signal: abort.signal,
      limits: { memoryLimitBytes: null, deadlineSeconds: { early: late, late } },
    });
    let over = false;
    void asked.then(() => (over = true));
    const targets = await untilInspected(inspect);
    expect(targets).toMatchObject([{ type: 'node', url: expect.stringContaining('process/child.js') }]);
    expect(performance.now() - began).toBeGreaterThan(1000 * late);
    expect(over).toBe(false);
    abort.abort(new Error('stop'));
    const { end, messages } = await asked;
    expect(end.state).toBe('aborted');
    expect(messages).toEqual([]);
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** What an inspector can be attached to there, once it listens. */
async function untilInspected(port: number): Promise<unknown> {
  const asked = () => fetch(`http://127.0.0.1:${port}/json/list`).then((answer) => answer.json());
  return askUntil(() => asked().catch(() => undefined), AbortSignal.timeout(60_000), 10);
}
