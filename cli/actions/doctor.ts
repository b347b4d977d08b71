import { mkdirSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT, type ExitCode, messageOf } from '../../common/errors.js';
import { writeFileAtomic } from '../../common/files.js';
import { packageInfo } from '../../common/paths.js';
import { visible } from '../../common/visible.js';
import { catalogEntries } from '../../datasets/catalog.js';
import { openDataset } from '../../datasets/open.js';
import { engineAvailability, engineNames } from '../../engines/registry.js';
import { dockerFindings } from '../../harness/app/docker-findings.js';
import { type Finding, leftovers } from '../../harness/app/leftovers.js';
import { readEnvironment } from '../../harness/run/environment.js';
import type { CommandContext } from '../context.js';

/** `vecproof doctor`: what is missing here and how to get it. Exit code 3 if something the quickstart needs is. */
export async function doctorCommand(
  options: { clean?: boolean; json?: boolean },
  context: CommandContext,
): Promise<ExitCode> {
  const findings = [
    runtime(),
    ...(await engines()),
    ...(await dockerFindings(context, options.clean === true)),
    ...(await bundledDatasets(context)),
    folderFinding('runs', context.runs),
    folderFinding('cache', context.cache),
    ...leftovers(context, options.clean === true),
  ];
  if (options.json === true) context.out.write(`${JSON.stringify(findings, null, 2)}\n`);
  else context.out.write(findings.map(line).join(''));
  return findings.some(({ state }) => state === 'problem') ? EXIT.engineOrDatasetFailed : EXIT.passed;
}

function line({ what, state, detail, mend, removed = [] }: Finding): string {
  const mark = { ok: 'ok     ', missing: 'missing', problem: 'PROBLEM', note: 'note   ' }[state];
  const more = [
    ...(mend === undefined ? [] : [`mend: ${mend}`]),
    ...removed.map((path) => `removed: ${path}`),
  ];
  return [`${mark}  ${what}: ${detail}`, ...more.map((text) => `         ${visible(text)}`), ''].join('\n');
}

function runtime(): Finding {
  const { cpu, cores, memoryBytes, node, platform } = readEnvironment();
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const fine = major > 20 || (major === 20 && minor >= 19);
  const detail = `vecproof ${packageInfo().version}, Node ${node}, ${platform}, ${cores} × ${cpu}, ${(memoryBytes / 2 ** 30).toFixed(0)} GiB`;
  return fine
    ? { what: 'machine', state: 'ok', detail }
    : { what: 'machine', state: 'problem', detail, mend: 'install Node 20.19 or newer' };
}

async function engines(): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const name of engineNames()) {
    const found = await engineAvailability(name);
    const what = `engine ${name}`;
    if (found.state === 'missing') {
      const detail = `${found.package} does not load: ${found.reason}; its trials are skipped, the rest works`;
      findings.push({ what, state: 'missing', detail, mend: found.install });
    } else {
      const versions = Object.entries(found.versions).map(([name, version]) => `${name} ${version}`);
      findings.push({ what, state: 'ok', detail: versions.join(', ') || 'built in' });
    }
  }
  return findings;
}

/** Bundled datasets are opened, which verifies their hashes. */
async function bundledDatasets({ cwd, cache }: CommandContext): Promise<Finding[]> {
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
    const made = mkdirSync(path, { recursive: true });
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
      mend: 'choose another place with --out or VECPROOF_HOME',
    };
  }
}
