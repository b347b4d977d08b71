import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../../../common/files.js';
import { MOST_RECORD, readRegularText } from '../../../common/regular-file.js';
import type { Flags } from '../../cutover/flags.js';

/** What the worker goes on by after it was killed. On disk before anything depends on it. */
export interface WorkerState {
  /** Switches of the application. */
  flags: Record<string, string>;
  /** Position in the log, as text. */
  marker: string | null;
  watermark: string | null;
  /** Rows of the snapshot; null: it is not complete. */
  snapshot: number | null;
  /** Rows of it that are in the target, acknowledged. */
  backfilled: number;
  replaying: boolean;
  share: number;
  shadow: boolean;
  /** Embedding versions that both sides take. */
  embeddings: string[];
}

const FILE = 'worker.json';

export class StateFile implements Flags {
  readonly #path: string;
  readonly state: WorkerState;

  constructor(folder: string, embedding: string) {
    this.#path = join(folder, FILE);
    this.state = existsSync(this.#path)
      ? (JSON.parse(readRegularText(this.#path, MOST_RECORD)) as WorkerState)
      : {
          flags: {},
          marker: null,
          watermark: null,
          snapshot: null,
          backfilled: 0,
          replaying: false,
          share: 0,
          shadow: false,
          embeddings: [embedding],
        };
  }

  change(change: Partial<WorkerState>): void {
    Object.assign(this.state, change);
    writeFileAtomic(this.#path, JSON.stringify(this.state));
  }

  async get(name: string): Promise<string | null> {
    return this.state.flags[name] ?? null;
  }

  async set(name: string, value: string): Promise<void> {
    this.change({ flags: { ...this.state.flags, [name]: value } });
  }
}
