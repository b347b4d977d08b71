import { rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../common/errors.js';
import { makeFolder, writeFileAtomic } from '../../common/files.js';
import { nativeRebuildCommand } from '../../common/installation.js';
import { packageInfo } from '../../common/paths.js';
import { catalogEntries } from '../../datasets/catalog.js';
import { openDataset } from '../../datasets/open.js';
import { engineAvailabilities } from '../../engines/availability.js';
import { engineNames, loadEngine } from '../../engines/registry.js';
import { instructionsOf, type Native, nativeLines } from '../model/native.js';
import { readEnvironment } from '../run/environment.js';
import { loadOnnxRuntime, ONNX_RUNTIME, onnxRuntimeCommand } from '../truth/onnx-runtime.js';
import type { Context } from './context.js';
import { dockerFindings } from './docker-findings.js';
import { type Finding, leftovers } from './leftovers.js';

export type { Finding } from './leftovers.js';

/** Oldest line of Node that is still maintained. */
const MAINTAINED = 22;

/**
 * What is missing on this machine and how to get it, and what killed processes left.
 *
 * @param clean removes the latter
 */
export async function diagnose(context: Context, { clean }: { clean: boolean }): Promise<Finding[]> {
  return [
    runtime(),
    ...nodeFindings(),
    ...(await engines()),
    await onnxRuntimeFinding(),
    ...(await dockerFindings(context, clean)),
    ...(await bundledDatasets(context)),
    folderFinding('runs', context.runs),
    folderFinding('cache', context.cache),
    ...leftovers(context, clean),
  ];
}

function runtime(): Finding {
  const { cpu, cores, memoryBytes, node, platform } = readEnvironment();
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const fine = major > 20 || (major === 20 && minor >= 19);
  const detail = `vecproof ${packageInfo().version}, Node ${node}, ${platform}, ${cores} × ${cpu}, ${(memoryBytes / 2 ** 30).toFixed(0)} GiB`;
  return fine
    ? { what: 'machine', state: 'ok', detail }
    : { what: 'machine', state: 'problem', detail, fix: 'install Node 20.19 or newer' };
}

/** What differs from one Node to another, beside engines whose clients need a newer one. */
function nodeFindings(): Finding[] {
  if (Number(process.versions.node.split('.')[0]) >= MAINTAINED) return [];
  const detail = `${process.version} gets no more security fixes; vecproof is tested on it, and on ${MAINTAINED} and 24`;
  return [{ what: 'Node', state: 'note', detail }];
}

/** Which nobody has to have. */
async function onnxRuntimeFinding(): Promise<Finding> {
  const what = `optional package ${ONNX_RUNTIME}`;
  try {
    await loadOnnxRuntime();
    return { what, state: 'ok', detail: 'loads; computes large truths' };
  } catch (error) {
    const absent = (error as { code?: unknown }).code === 'ERR_MODULE_NOT_FOUND';
    const reason = absent ? 'not installed' : messageOf(error);
    const detail = `${reason}; with it, exact neighbours of large datasets take a third of the time (290 MB)`;
    return { what, state: 'note', detail, fix: onnxRuntimeCommand() };
  }
}

/** Each engine is really loaded, native parts too, in a process of its own. */
async function engines(): Promise<Finding[]> {
  const found = await engineAvailabilities(engineNames());
  const rebuilds = new Map<string, string | undefined>();
  for (const name of found.keys()) rebuilds.set(name, (await loadEngine(name)).rebuild);
  return [...found].flatMap(([name, each]): Finding[] => {
    const what = `engine ${name}`;
    if (each.state === 'missing') {
      const detail = `${each.reason}; its trials are skipped, the rest works`;
      return [{ what, state: 'missing', detail, fix: each.next }];
    }
    const versions = Object.entries(each.versions).map(([name, version]) => `${name} ${version}`);
    const detail = versions.length === 0 ? 'built in' : `${versions.join(', ')}; loads`;
    const loaded: Finding = { what, state: 'ok', detail };
    return [loaded, ...nativeFindings(name, each.native, rebuilds.get(name))];
  });
}

/** Which vector instructions an engine's compiled code holds; how to get more of them, where it is compiled here. */
function nativeFindings(name: string, native: Native | undefined, rebuild: string | undefined): Finding[] {
  if (native === undefined || native.libraries.length === 0) return [];
  const { instructions: processor = 'none' } = readEnvironment();
  const finding = { what: `native code of ${name}`, detail: nativeLines(native).join('; ') };
  return instructionsOf(native) === 'none' && processor !== 'none' && rebuild !== undefined
    ? [{ ...finding, state: 'note', fix: `faster on this processor: ${nativeRebuildCommand(rebuild)}` }]
    : [{ ...finding, state: 'ok' }];
}

/** Bundled datasets are opened, which verifies their hashes. */
async function bundledDatasets({ cwd, cache }: Context): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { name, location, count, dimensions } of catalogEntries()) {
    if (location !== 'bundled') continue;
    const what = `dataset ${name}`;
    try {
      const dataset = await openDataset(name, { baseFolder: cwd, cacheFolder: cache });
      await dataset.close();
      findings.push({
        what,
        state: 'ok',
        detail: `${count} points of ${dimensions} dimensions, hashes verified`,
      });
    } catch (error) {
      findings.push({ what, state: 'problem', detail: messageOf(error) });
    }
  }
  return findings;
}

function folderFinding(name: string, path: string): Finding {
  const what = `folder of ${name}`;
  try {
    const made = makeFolder(path);
    const probe = join(path, '.write-test');
    writeFileAtomic(probe, 'x');
    rmSync(probe);
    const { bavail, bsize } = statfsSync(path);
    if (made !== undefined) rmSync(made, { recursive: true });
    return {
      what,
      state: 'ok',
      detail: `${path}, writable, ${((bavail * bsize) / 2 ** 30).toFixed(1)} GiB free`,
    };
  } catch (error) {
    return {
      what,
      state: 'problem',
      detail: messageOf(error),
      fix: 'choose another place with --out or VECPROOF_HOME',
    };
  }
}
