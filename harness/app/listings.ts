import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { messageOf } from '../../common/errors.js';
import { packageRoot } from '../../common/paths.js';
import { MOST_RECORD, readRegularText } from '../../common/regular-file.js';
import { type Availability, engineAvailabilities } from '../../engines/availability.js';
import type { Capabilities } from '../../engines/contract/capabilities.js';
import { imageEntries } from '../../engines/launcher/images.js';
import { engineNames, loadEngine } from '../../engines/registry.js';
import { type Instructions, instructionsOf } from '../model/native.js';
import { partsOf, readDatasetsManifest, readManifest } from '../store/manifests.js';
import { listRuns, runFolder } from '../store/run-folder.js';

export interface ListedEngine {
  name: string;
  capabilities: Capabilities;
  /** Whether it loads here; versions are those of its packages. */
  availability: Availability;
  /** Widest vector instructions of its native code; absent where it has none here. */
  instructions?: Instructions | undefined;
  /** Pinned image of its server. */
  image?: string | undefined;
}

/** The engines that come with vecproof, each of which is really loaded. */
export async function listEngines(): Promise<ListedEngine[]> {
  const found: ListedEngine[] = [];
  for (const [name, availability] of await engineAvailabilities(engineNames())) {
    const { capabilities } = await loadEngine(name);
    const native = availability.state === 'available' ? availability.native : undefined;
    const instructions = native && instructionsOf(native);
    found.push({ name, capabilities, availability, instructions, image: imageEntries()[name]?.image });
  }
  return found;
}

export interface ListedSuite {
  /** Relative to the package. */
  path: string;
  description: string;
}

/** The suites that come with vecproof. */
export function listSuites(): ListedSuite[] {
  const folder = join(packageRoot, 'suites');
  return readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => {
      const suite = parse(readRegularText(join(folder, name), MOST_RECORD)) as { description?: string };
      return { path: `suites/${name}`, description: (suite.description ?? '').trim().replace(/\s+/g, ' ') };
    });
}

/** A run of a home folder; one that cannot be read is listed with the reason. */
export type ListedRun =
  | {
      state: 'readable';
      id: string;
      suite: string;
      datasets: string[];
      /** Planned, on the datasets whose measuring has begun. */
      trials: number;
      created: string;
    }
  | { state: 'unreadable'; id: string; reason: string };

/** Oldest first. */
export function listStoredRuns(runs: string): ListedRun[] {
  return listRuns(runs).map((id): ListedRun => {
    try {
      return { state: 'readable', id, ...runFacts(join(runs, id)) };
    } catch (error) {
      return { state: 'unreadable', id, reason: messageOf(error) };
    }
  });
}

function runFacts(path: string) {
  const folder = runFolder(path);
  const several = readDatasetsManifest(folder);
  const manifests = (partsOf(folder) ?? [{ folder }]).map((part) => readManifest(part.folder));
  const { suite, created } = several ?? manifests[0]!;
  return {
    suite: suite.name,
    datasets: several?.datasets.map(({ name }) => name) ?? [manifests[0]!.dataset.name],
    trials: manifests.flatMap(({ plan }) => plan).reduce((sum, { trials }) => sum + trials.length, 0),
    created,
  };
}
