import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { packageRoot } from '../../common/paths.js';

/** What answers in place of a server that is not available here. */
export interface StandIn {
  /** For titles of tests: what it is, and that it is not the server. */
  what: string;
  start(): Promise<{ url: string; stop(): Promise<void> }>;
}

/** For the docs: whose figures were measured with a stand-in, and which. */
export const STAND_INS: Readonly<Record<string, string>> = {
  qdrant:
    "Its server is in no package registry. Where there is none, Qdrant's own core from PyPI (`qdrant-edge-py` 0.9.0) answers behind a small REST layer of the tests, and their titles say so; the recall figures of this page are of that core, not of the server.",
};

/** Python that has `qdrant-edge-py`: the variable's, else the one on the PATH. */
const PYTHON = process.env['VECPROOF_QDRANT_EDGE_PYTHON'] || 'python3';
const SERVER = join(packageRoot, 'test', 'conformance', 'qdrant-edge', 'server.py');

/** Only Qdrant has one: its core is on PyPI, its server in no package registry. */
export function standInOf(engine: string): StandIn | undefined {
  if (!(engine in STAND_INS)) return undefined;
  const version = edgeVersion();
  if (version === undefined) return undefined;
  return { what: `Qdrant's core ${version} behind a stand-in REST layer, not the server`, start };
}

function edgeVersion(): string | undefined {
  const script = 'import qdrant_edge, importlib.metadata as m; print(m.version("qdrant-edge-py"))';
  try {
    return execFileSync(PYTHON, ['-c', script], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return undefined;
  }
}

/** On a free port of the loopback; it ends when its standard input does, and so with this process, too. */
async function start(): Promise<{ url: string; stop(): Promise<void> }> {
  const child = spawn(PYTHON, [SERVER, '0'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const port = await Promise.race([firstLine(child), ended.then(() => undefined)]);
  if (port === undefined) throw new Error(`${PYTHON} ${SERVER} ended with exit code ${child.exitCode}`);
  return {
    url: `http://127.0.0.1:${port}`,
    stop: async () => {
      child.stdin!.end();
      await ended;
    },
  };
}

async function firstLine(child: ChildProcess): Promise<string | undefined> {
  for await (const line of createInterface({ input: child.stdout! })) return line;
  return undefined;
}
