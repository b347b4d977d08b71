import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../../../common/files.js';
import { readRegular } from '../../../common/regular-file.js';
import type { Point } from '../../../engines/contract/points.js';
import { BEFORE_CAPTURE } from '../../changes/change.js';
import { decodePoint, encodePoint } from '../../changes/encode.js';
import type { ChangeLog } from '../../changes/log.js';
import type { ChangeTarget } from '../../changes/target.js';
import { backfill } from '../../cutover/backfill.js';
import type { Side, StopPlace, WorkerConfig } from '../protocol.js';
import { stopping } from './replay.js';
import type { OpenSide } from './side.js';
import type { StateFile } from './state.js';

/** In the log. */
export const COLLECTION = 'docs';
const MOST_BATCH = 25;
/** Enough for the faults that are planted into the backfill, however few rows there are. */
const BATCHES = 16;
const PAGE = 100;
const FILE = 'snapshot.jsonl';

export interface CopyParts {
  config: WorkerConfig;
  file: StateFile;
  log: ChangeLog;
  sides: Readonly<Record<Side, OpenSide>>;
  target: ChangeTarget;
  stopAt(place: StopPlace): Promise<void>;
}

/** The source as it was at one moment, in a file, and how far the target has it. */
export class Copy {
  /** Rows that the backfill left alone, as the target knew something newer. */
  readonly kept = { keptNewer: 0, keptDeleted: 0 };
  readonly #parts: CopyParts;

  constructor(parts: CopyParts) {
    this.#parts = parts;
  }

  get #path(): string {
    return join(this.#parts.config.folder, FILE);
  }

  async take(): Promise<{ watermark: string; rows: number; afterMarker: boolean }> {
    const { file, log, sides, stopAt } = this.#parts;
    const marker = BigInt(file.state.marker!);
    const watermark = await log.watermark();
    const points = await sides.source.points.snapshot();
    const lines: string[] = [];
    try {
      for await (const page of points.scan({ batchSize: PAGE })) {
        lines.push(...page.points.map(encodePoint));
        await stopAt('snapshot:page');
      }
    } finally {
      await points.close();
    }
    writeFileAtomic(this.#path, lines.map((line) => `${line}\n`).join(''));
    file.change({ watermark: String(watermark), snapshot: lines.length, backfilled: 0 });
    return { watermark: String(watermark), rows: lines.length, afterMarker: watermark >= marker };
  }

  rows(): Point[] {
    if (!existsSync(this.#path)) return [];
    return readRegular(this.#path).toString('utf8').split('\n').slice(0, -1).map(decodePoint);
  }

  /** One batch, only where nothing newer is there; the cursor moves once it was read back. */
  async backfill(): Promise<{ done: number; total: number }> {
    const { file, sides, stopAt } = this.#parts;
    const rows = this.rows();
    const { backfilled } = file.state;
    const points = rows.slice(backfilled, backfilled + batchOf(rows.length));
    const done = backfilled + points.length;
    const pages = async function* () {
      yield { points, cursor: String(done) };
    };
    const target = stopping(this.#parts.target, () => stopAt('backfill:written'));
    const { superseded } = await backfill({ collection: COLLECTION, pages: pages(), target });
    if (superseded > 0) await this.#countKept(points);
    file.change({ backfilled: done });
    if (done === rows.length) await sides.target.ready();
    return { done, total: rows.length };
  }

  /** Rows that are there already are neither. */
  async #countKept(rows: readonly Point[]): Promise<void> {
    const known = await this.#parts.target.read(rows.map(({ id }) => ({ collection: COLLECTION, id })));
    for (const row of known) {
      if (row === undefined || row.version === BEFORE_CAPTURE) continue;
      if (row.deleted) this.kept.keptDeleted++;
      else this.kept.keptNewer++;
    }
  }
}

function batchOf(rows: number): number {
  return Math.max(1, Math.min(MOST_BATCH, Math.ceil(rows / BATCHES)));
}
