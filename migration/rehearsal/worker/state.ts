import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../../../common/files.js';
import { MOST_RECORD, readRegularText } from '../../../common/regular-file.js';

/** What the worker goes on by after it was killed. On disk before anything depends on it. */
export interface WorkerState {
  /** Position in the log, as text. */
  marker: string | null;
  watermark: string | null;
  /** Rows of the snapshot; null: it is not complete. */
  snapshot: number | null;
  /** Rows of it that are in the target, acknowledged. */
  backfilled: number;
  replaying: boolean;
  shadow: boolean;
  reembedding: 'refuse' | 'allow';
  /** Embedding versions that both sides take. */
  embeddings: string[];
}

const FILE = 'worker.json';

export class StateFile {
  readonly #path: string;
  readonly state: WorkerState;

  constructor(folder: string, embedding: string) {
    this.#path = join(folder, FILE);
    this.state = existsSync(this.#path)
      ? (JSON.parse(readRegularText(this.#path, MOST_RECORD)) as WorkerState)
      : {
          marker: null,
          watermark: null,
          snapshot: null,
          backfilled: 0,
          replaying: false,
          shadow: false,
          reembedding: 'refuse',
          embeddings: [embedding],
        };
  }

  change(change: Partial<WorkerState>): void {
    Object.assign(this.state, change);
    writeFileAtomic(this.#path, JSON.stringify(this.state));
  }
}
