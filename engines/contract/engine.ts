import type { Fault } from '../../common/faults.js';
import type { ParameterSet } from '../../common/parameters.js';
import type { FieldSchema } from '../../datasets/dataset.js';
import type { Filter } from '../../filters/filter.js';
import type { Capabilities } from './capabilities.js';
import type { Collection, Shared, SharedCollection } from './collection.js';
import type { IdKind, PointId } from './ids.js';
import type { DataShape, OptionsInput, ParsedOptions } from './options.js';
import type { ReadAs } from './points.js';
import type { Endpoint, ServerSupport } from './server.js';
import type { CollectionSpec } from './spec.js';

/** Where an engine may keep files and how it is reached. */
export interface ConnectOptions {
  /** Where the server is, for engines that have one. */
  endpoint?: Endpoint | undefined;
  /**
   * Ends the server and starts it on the same data, for settings that take effect only then; resolves with its new
   * address. Undefined for a server that was not started for this build.
   */
  restartServer?: ((how: 'stop' | 'kill') => Promise<Endpoint>) | undefined;
  /** How the server is provided (`docker`, `url`, or a mode of the engine's own such as `pglite`). */
  mode?: string | undefined;
  /** An empty folder of this build's own, removed by the harness afterwards. */
  folder: string;
  /**
   * A folder of the user's in which the engine keeps its collections (`EngineDefinition.local`), in place of one below
   * `folder`: it stays as it is but for what is asked of its collections.
   */
  place?: string | undefined;
  /** Nothing at the place or on the server is changed, made or migrated; what would have to be is an error. */
  readOnly?: boolean | undefined;
  threads: number;
  seed: number;
}

export interface ConnectedEngine {
  /** Version of the engine itself (not of this project). */
  version(): Promise<string>;
  /** Throws FailureError if there is something of that name, which stays as it was. */
  create(spec: CollectionSpec): Promise<Collection>;
  /**
   * Opens a collection that is there, whoever made it, without changing it. Throws FailureError naming the collections
   * that are there, or what of it cannot be read. Absent, like `list`, where the engine keeps no whole points.
   * @param as of a collection that others made; only what `PointSupport.readAs` lists is given
   */
  open?(name: string, as?: ReadAs): Promise<Collection>;
  list?(): Promise<string[]>;
  /** Opens what a collection of another thread or process has shared, to be searched exactly as there; nothing is changed. */
  attach?(shared: Shared): Promise<SharedCollection>;
  /** The server's own clock, ms since 1970, by one question that costs it nothing; absent: it does not tell it. */
  clock?(): Promise<number>;
  close(): Promise<void>;
}

/** An engine is data plus a few functions. Importing its definition must not import its client package. */
export interface EngineDefinition {
  name: string;
  /** As people write it, e.g. `LanceDB`. */
  title: string;
  /** npm packages the adapter needs; their versions are recorded. */
  packages: readonly string[];
  /** Those of `packages` that are compiled on this machine when they are installed; none if absent. */
  compiled?: readonly string[] | undefined;
  /** That of `compiled` which computes distances: built again for this machine's processor alone, it is faster. */
  rebuild?: string | undefined;
  /** Oldest Node that npm installs `packages` on, e.g. `20.20.2`, where it is newer than vecproof's own. */
  node?: string | undefined;
  /**
   * Loads what the import of `packages` leaves for later: native parts that a client opens at its first use. Called in a
   * process of its own, to see whether the engine works here. Throws what the client throws.
   */
  load?(): void | Promise<void>;
  /**
   * What the engine itself says of the instructions it uses here, e.g. `haswell, skylake`; undefined: it says nothing.
   * Called after `load`, in the same process; `libraries` are the native files that loading it has mapped.
   */
  instructions?(libraries: readonly string[]): string | undefined;
  capabilities: Capabilities;
  /** JSON Schemas of `index` and `search` (one value per key; the suite adds lists), for editors. */
  optionSchemas(): { index: Record<string, unknown>; search: Record<string, unknown> };
  /** Pure. Checks one combination; every message names the key. */
  parseOptions(input: OptionsInput): ParsedOptions;
  /** Pure. Why parsed options cannot work on such data; empty: they can. Asked while planning, before anything starts. */
  checkData(data: DataShape, index: ParameterSet, search: ParameterSet): readonly Fault[];
  /**
   * It keeps collections in a folder that can be opened again; `mode` is the server's, where it has one. Absent: it
   * does not (what it writes is one index, or it has servers alone).
   */
  local?: { mode?: string | undefined } | undefined;
  /** How its server is provided; absent for embedded engines. */
  server?: ServerSupport | undefined;
  /**
   * By which id the server itself knows a point, where that is another one than its client is asked with; absent: all are
   * the same. For people who look at the server without this project.
   */
  nativeIds?: NativeIds | undefined;
  /**
   * Pure. A filter in the engine's own language, JSON or text, as people write portable ones, with exactly its meaning or not
   * at all; absent: it is not read.
   * @param fields those of the data that are of one type
   */
  readFilter?(native: unknown, fields: readonly NativeField[]): ReadFilter;
  /**
   * Pure. A filter that `Capabilities.filters` lets through as this engine is asked it in a collection made with this spec, as
   * text for people who write their application anew. Absent: it is asked in more than one part.
   */
  writeFilter?(filter: Filter, spec: CollectionSpec): string;
  connect(options: ConnectOptions, signal: AbortSignal): Promise<ConnectedEngine>;
}

/** A field as filters name it, with the engine's own name of its type; null: no schema declares it; absent: not known. */
export interface NativeField extends FieldSchema {
  native?: string | null | undefined;
}

export type ReadFilter = { state: 'ok'; filter: unknown } | { state: 'refused'; why: string };

export interface NativeIds {
  /** What becomes of ids of a kind, in words; undefined: nothing. */
  words(kind: IdKind): string | undefined;
  of(kind: IdKind, id: PointId): PointId;
}
