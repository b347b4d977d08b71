import { InputError, messageOf, shorten } from '../../common/errors.js';
import { type Clock, systemClock } from './clock.js';
import type { Side } from './embedding.js';
import type { Flags } from './flags.js';
import { inSpan, openTelemetry, type Telemetry } from './telemetry.js';

/** Why a step may not be made; empty: it may. */
export type Gate = (share: number) => Promise<readonly string[]>;

export interface RampOptions {
  /** Shared by all instances. */
  flags: Flags;
  /** Of the switch, where there are several; `ramp` by default. */
  name?: string | undefined;
  /** Shares of traffic, ascending, the last one 1. */
  steps?: readonly number[] | undefined;
  /** Whether what the target gets is brought to the source now: asked before the first read, and before each step. */
  isReversePathAlive(): Promise<boolean>;
  /** Asked before a share is entered, and before it is left for the next one. */
  enter?: Gate | undefined;
  leave?: Gate | undefined;
  /** How old what is known of the switch may be, 10,000 ms by default; then the source serves all. */
  mostAgeMs?: number | undefined;
  clock?: Clock | undefined;
  telemetry?: Telemetry | undefined;
}

export type Advance =
  | { state: 'advanced'; share: number }
  | { state: 'refused'; share: number; reasons: readonly string[] }
  | { state: 'complete' };

interface Switch {
  share: number;
  /** Why it was rolled back; it stays at 0 until it is begun again. */
  rolledBack?: string | undefined;
}

export const DEFAULT_STEPS = [0.01, 0.05, 0.25, 0.5, 1] as const;
const REFRESH_MS = 1000;

/**
 * Lets the target serve a growing share of reads. A key (a user, a tenant) stays on its side: who is served by the target
 * at 5% is at 25%, too. One flag takes everything back at once.
 */
export class TrafficRamp {
  readonly #options: RampOptions;
  readonly #clock: Clock;
  readonly #telemetry: Telemetry;
  readonly #name: string;
  readonly #steps: readonly number[];
  #switch: Switch = { share: 0 };
  /** The switch as it was read; null: it was never set. */
  #text: string | null = null;
  /** A rollback that could not be stored: until it is, it counts here whatever the switch says. */
  #unsaved: Switch | undefined;
  #knownAt = Number.NEGATIVE_INFINITY;

  private constructor(options: RampOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#telemetry = options.telemetry ?? openTelemetry();
    this.#name = options.name ?? 'ramp';
    this.#steps = options.steps ?? DEFAULT_STEPS;
    const isAscending = this.#steps.every((share, i) => share > (this.#steps[i - 1] ?? 0));
    if (!isAscending || this.#steps.at(-1) !== 1)
      throw new InputError('steps are shares that ascend to 1', { where: 'TrafficRamp', got: this.#steps });
  }

  /** Goes on at the share that the switch has. @throws InputError for steps that do not ascend to 1 */
  static async open(options: RampOptions): Promise<TrafficRamp> {
    const ramp = new TrafficRamp(options);
    await ramp.refresh();
    return ramp;
  }

  /** At once and without asking anybody. */
  serves(key: string): Side {
    return place(this.#name, key) < this.share ? 'target' : 'source';
  }

  /** Of the traffic that the target serves now; 0 where what is known of the switch is too old. */
  get share(): number {
    const { mostAgeMs = 10_000 } = this.#options;
    return this.#clock.elapsed() - this.#knownAt > mostAgeMs ? 0 : this.#switch.share;
  }

  get rolledBack(): string | undefined {
    return this.#switch.rolledBack;
  }

  /** Goes on to the next share, if every gate lets it. Nothing changes otherwise. */
  advance(): Promise<Advance> {
    return inSpan(this.#telemetry, 'ramp.advance', { of: this.#name }, () => this.#advance());
  }

  async #advance(): Promise<Advance> {
    await this.refresh();
    const was = this.#text;
    const { share, rolledBack } = this.#switch;
    if (rolledBack !== undefined)
      return { state: 'refused', share, reasons: [`it was rolled back: ${rolledBack}`] };
    const next = this.#steps.find((each) => each > share);
    if (next === undefined) return { state: 'complete' };
    const reasons = await this.#reasons(share, next);
    if (reasons.length > 0) return { state: 'refused', share, reasons };
    const changed = await this.#swap(was, { share: next });
    if (changed !== undefined) return { state: 'refused', share: this.#switch.share, reasons: [changed] };
    return { state: 'advanced', share: next };
  }

  /** While gates were asked, somebody may have taken everything back: that stays. @returns why it was not set */
  async #swap(was: string | null, value: Switch): Promise<string | undefined> {
    const { flags } = this.#options;
    const text = JSON.stringify(value);
    const isSet = async (): Promise<boolean> => {
      if (flags.swap !== undefined) return flags.swap(this.#name, was, text);
      if ((await flags.get(this.#name)) !== was) return false;
      await flags.set(this.#name, text);
      return true;
    };
    if (this.#unsaved === undefined && (await isSet())) {
      // Rolled back here in the same moment: that is stored behind it.
      if (this.#unsaved === undefined) this.#know(value, text);
      return undefined;
    }
    await this.refresh();
    const { rolledBack, share } = this.#switch;
    return `the switch was changed meanwhile: ${rolledBack === undefined ? `its share is ${share}` : `it was rolled back: ${rolledBack}`}`;
  }

  /** A gate that cannot be asked is closed. */
  async #reasons(share: number, next: number): Promise<string[]> {
    const { isReversePathAlive, enter, leave } = this.#options;
    const reverse = async () =>
      (await isReversePathAlive())
        ? []
        : ['the reverse path is not alive: going back would lose what the target got'];
    const gates = [
      reverse,
      ...(leave === undefined || share === 0 ? [] : [async () => leave(share)]),
      ...(enter === undefined ? [] : [async () => enter(next)]),
    ];
    const asked = gates.map((gate) =>
      gate().catch((error: unknown) => [`a gate cannot be asked: ${messageOf(error)}`]),
    );
    return (await Promise.all(asked)).flat();
  }

  /**
   * Everything goes to the source at once, here; elsewhere as soon as the switch is read. It stays so until `begin`. Where the
   * switch cannot be set it rejects, and each `refresh` (so `follow`) sets it again before it believes what it reads.
   */
  async rollback(reason: string): Promise<void> {
    const back = { share: 0, rolledBack: reason };
    this.#switch = back;
    this.#unsaved = back;
    this.#telemetry.count('ramp.rollbacks', 1);
    await inSpan(this.#telemetry, 'ramp.rollback', { of: this.#name, reason }, () => this.#set(back));
  }

  /** Begins anew after a rollback. */
  begin(): Promise<void> {
    return this.#set({ share: 0 });
  }

  /** Reads the switch. @throws InputError for one that is none: then what was known before holds, until it is too old */
  async refresh(): Promise<void> {
    if (this.#unsaved !== undefined) return this.#set(this.#unsaved);
    const text = await this.#options.flags.get(this.#name);
    const value = text === null ? { share: 0 } : this.#parsed(text);
    // Taken back here while the answer was on its way.
    if (this.#unsaved === undefined) this.#know(value, text);
  }

  #parsed(text: string): Switch {
    const value = asJson(text) as Partial<Switch> | null | undefined;
    const { share, rolledBack } = value ?? {};
    if (typeof share === 'number' && share >= 0 && share <= 1)
      return { share, ...(rolledBack !== undefined && { rolledBack: String(rolledBack) }) };
    throw new InputError('is no share of traffic', {
      where: `switch ${this.#name}`,
      got: shorten(text),
      next: 'nothing but TrafficRamp and "vecproof migrate" may set it: call begin()',
    });
  }

  /** Reads the switch every second until the signal is aborted; what it cannot read for long, the source serves. */
  async follow(signal: AbortSignal, onError: (error: unknown) => void): Promise<void> {
    while (!signal.aborted) {
      await this.refresh().catch(onError);
      await this.#clock.sleep(REFRESH_MS, signal).catch(() => undefined);
    }
  }

  async #set(value: Switch): Promise<void> {
    const text = JSON.stringify(value);
    await this.#options.flags.set(this.#name, text);
    this.#unsaved = undefined;
    this.#know(value, text);
  }

  #know(value: Switch, text: string | null): void {
    this.#switch = value;
    this.#text = text;
    this.#knownAt = this.#clock.elapsed();
    this.#telemetry.gauge('ramp.share', value.share);
  }
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Where a key lies between 0 and 1: FNV-1a of its UTF-8, mixed as MurmurHash3 ends. */
function place(name: string, key: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(`${name}\0${key}`)) hash = Math.imul(hash ^ byte, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
