import { setTimeout as pause } from 'node:timers/promises';
import { ConnectionLostError, FailureError } from '../../../common/errors.js';
import type { PointId } from '../../../engines/contract/ids.js';
import type { Description, Point, PointChange, Points, Snapshot } from '../../../engines/contract/points.js';
import type { Injury, Side } from '../protocol.js';

/** What is wrong with a side at the moment. */
export class Injuries {
  readonly #armed: Injury[] = [];
  #calls = 0;

  arm(injury: Injury): void {
    this.#armed.push(injury);
  }

  heal(): void {
    this.#armed.length = 0;
  }

  find<K extends Injury['kind']>(kind: K, side?: Side): Extract<Injury, { kind: K }> | undefined {
    return this.#armed.find(
      (each): each is Extract<Injury, { kind: K }> =>
        each.kind === kind && (side === undefined || !('side' in each) || each.side === side),
    );
  }

  /** In front of every call of a side. */
  async before(side: Side, what: 'read' | 'write'): Promise<void> {
    const slow = this.find('slow', side);
    if (slow !== undefined) await pause(slow.milliseconds);
    if (this.find('down', side) !== undefined)
      throw new ConnectionLostError(`connection to the ${side} refused (planted)`);
    if (this.find('erroring', side) !== undefined && this.#calls++ % 3 < 2)
      throw new FailureError(`the ${side} answers 503 (planted)`);
    if (what === 'write' && this.find('full', side) !== undefined)
      throw Object.assign(new FailureError(`no space left on the device of the ${side} (planted)`), {
        code: 'ENOSPC',
      });
  }
}

/** Points of a real engine behind what may be wrong with it. */
export function faultyPoints(points: Points, side: Side, injuries: Injuries): Points {
  const faulty: Points = new FaultyPoints(points, side, injuries);
  if (points.insertMissing !== undefined)
    faulty.insertMissing = async (given, signal) => {
      await injuries.before(side, 'write');
      await points.insertMissing!(given, signal);
    };
  return faulty;
}

class FaultyPoints implements Points {
  readonly #points: Points;
  readonly #side: Side;
  readonly #injuries: Injuries;

  constructor(points: Points, side: Side, injuries: Injuries) {
    this.#points = points;
    this.#side = side;
    this.#injuries = injuries;
  }

  async upsert(points: readonly Point[], signal?: AbortSignal): Promise<void> {
    await this.#injuries.before(this.#side, 'write');
    await this.#points.upsert(points, signal);
  }

  async update(change: PointChange): Promise<void> {
    await this.#injuries.before(this.#side, 'write');
    await this.#points.update(change);
  }

  async delete(ids: readonly PointId[]): Promise<void> {
    await this.#injuries.before(this.#side, 'write');
    if (this.#injuries.find('lose-deletes', this.#side) !== undefined) return;
    await this.#points.delete(ids);
  }

  async get(ids: readonly PointId[]): Promise<Point[]> {
    await this.#injuries.before(this.#side, 'read');
    return this.#points.get(ids);
  }

  async snapshot(at?: string): Promise<Snapshot> {
    await this.#injuries.before(this.#side, 'read');
    return this.#points.snapshot(at);
  }

  async describe(): Promise<Description> {
    await this.#injuries.before(this.#side, 'read');
    return this.#points.describe();
  }
}
