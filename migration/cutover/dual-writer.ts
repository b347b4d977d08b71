import { randomUUID } from 'node:crypto';
import type { PointId } from '../../engines/contract/ids.js';
import type { Point } from '../../engines/contract/points.js';
import { keyText, type Logged, type NewChange } from '../changes/change.js';
import { type Clock, systemClock } from './clock.js';
import type { Flags } from './flags.js';
import type { Committed, Outbox } from './outbox.js';
import { RowQueue } from './row-queue.js';
import { inSpan, openTelemetry, type Telemetry } from './telemetry.js';

export interface DualWriterOptions {
  outbox: Outbox;
  /** Whether changes are captured, for all instances, and after a crash. */
  flags: Flags;
  /** The application's write as it was before: used until changes are captured. It is not logged. */
  direct(change: NewChange, signal?: AbortSignal): Promise<void>;
  /** Of this instance of the application, in markers. */
  instance?: string | undefined;
  clock?: Clock | undefined;
  telemetry?: Telemetry | undefined;
}

export interface MutationOptions {
  tenant?: string | undefined;
  /** Sent again with the same key, a mutation takes effect once. Made here if absent. */
  idempotencyKey?: string | undefined;
  embeddingVersion?: string | undefined;
  signal?: AbortSignal | undefined;
}

/** `uncaptured`: it went to the store as it always did, since changes are not captured yet. */
export type Receipt = (Committed | { state: 'uncaptured' }) & { idempotencyKey: string };

/** Name of the switch in `Flags`. */
export const CAPTURE = 'capture';

/**
 * What an application writes through while it moves. A mutation is released to the store only once it is durable in the
 * log; where the log cannot take it, it is refused and nothing is released (it fails closed). Mutations of one row keep
 * their order.
 */
export class DualWriter {
  readonly #options: DualWriterOptions;
  readonly #clock: Clock;
  readonly #telemetry: Telemetry;
  readonly #rows = new RowQueue();
  readonly #direct = new Set<Promise<void>>();
  #outbox: Outbox;
  #captured: boolean;

  private constructor(options: DualWriterOptions, captured: boolean) {
    this.#options = options;
    this.#outbox = options.outbox;
    this.#captured = captured;
    this.#clock = options.clock ?? systemClock;
    this.#telemetry = options.telemetry ?? openTelemetry();
  }

  /** Captures changes from the first one on if that was ever switched on. */
  static async open(options: DualWriterOptions): Promise<DualWriter> {
    return new DualWriter(options, (await options.flags.get(CAPTURE)) === 'on');
  }

  upsert(collection: string, point: Point, options: MutationOptions = {}): Promise<Receipt> {
    const tenant = options.tenant ?? point.tenant;
    return this.#send(
      { kind: 'upsert', point, ...this.#mutation(collection, point.id, { ...options, tenant }) },
      options,
    );
  }

  delete(collection: string, id: PointId, options: MutationOptions = {}): Promise<Receipt> {
    return this.#send({ kind: 'delete', ...this.#mutation(collection, id, options) }, options);
  }

  #mutation(collection: string, id: PointId, { tenant, idempotencyKey, embeddingVersion }: MutationOptions) {
    return {
      collection,
      ...(tenant !== undefined && { tenant }),
      id,
      ...(embeddingVersion !== undefined && { embeddingVersion }),
      idempotencyKey: idempotencyKey ?? madeKey(this.#clock.now()),
      at: this.#clock.now(),
    };
  }

  #send(change: NewChange, { signal }: MutationOptions): Promise<Receipt> {
    return this.#rows.run(keyText(change), () => this.#write(change, signal));
  }

  async #write(change: NewChange, signal?: AbortSignal): Promise<Receipt> {
    const { idempotencyKey } = change;
    if (!this.#captured) {
      await this.#writeDirectly(change, signal);
      return { state: 'uncaptured', idempotencyKey };
    }
    const begun = this.#clock.elapsed();
    try {
      const { collection, kind } = change;
      const committed = await inSpan(this.#telemetry, 'write', { collection, kind }, () =>
        this.#outbox.commit(change, signal),
      );
      this.#telemetry.count('writes', 1, { state: committed.state });
      return { ...committed, idempotencyKey };
    } catch (error) {
      this.#telemetry.count('writes', 1, { state: 'failed' });
      throw error;
    } finally {
      this.#telemetry.record('write.duration', this.#clock.elapsed() - begun);
    }
  }

  async #writeDirectly(change: NewChange, signal?: AbortSignal): Promise<void> {
    const writing = this.#options.direct(change, signal);
    const done = writing.then(noop, noop);
    this.#direct.add(done);
    try {
      await writing;
    } finally {
      this.#direct.delete(done);
    }
  }

  /**
   * From now on every change of this instance is captured, also after a crash. Resolves once all writes that went past
   * the log have ended, and this instance's marker is in the log, by the way that its changes take.
   */
  async captureOn(collection: string): Promise<Logged> {
    await this.#options.flags.set(CAPTURE, 'on');
    this.#captured = true;
    await Promise.all(this.#direct);
    return this.#outbox.mark(collection, `captured by ${this.#options.instance ?? 'the application'}`);
  }

  /**
   * Writes go to another store first from now on (the target, when it takes over; the source, when it is rolled back).
   * Both are followed from the same log, so that none loses what the other one got.
   */
  use(outbox: Outbox): void {
    this.#outbox = outbox;
  }
}

/** UUID of version 7 (RFC 9562, 5.7): keys that are made one after the other stand beside each other in a log's index. */
function madeKey(now: number): string {
  const time = Math.trunc(now).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}

function noop(): void {}
