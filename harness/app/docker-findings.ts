import { VecproofError } from '../../common/errors.js';
import type { ImageFacts } from '../../engines/contract/server.js';
import { packageVersion } from '../../engines/kit/packages.js';
import {
  BUILD_NEEDS,
  buildCommand,
  imageCandidates,
  imageEntries,
  imageFacts,
} from '../../engines/launcher/images.js';
import { engineNames, loadEngine } from '../../engines/registry.js';
import type { Context } from './context.js';
import type { Finding } from './leftovers.js';

/** Docker, the images of the server engines, and containers that killed runs have left. */
export async function dockerFindings(context: Context, clean: boolean): Promise<Finding[]> {
  if (packageVersion('testcontainers') === undefined) return [];
  const { connectDocker } = await import('../../engines/launcher/docker.js');
  try {
    const docker = await connectDocker();
    const { Version } = await docker.version();
    const found: Finding = { what: 'Docker', state: 'ok', detail: `version ${Version}` };
    return [found, ...(await images(context, docker)), ...(await orphans(docker, clean))];
  } catch (error) {
    if (!(error instanceof VecproofError)) throw error;
    const detail = `${error.what}; engines that are servers need it, unless they are given a url:`;
    return [{ what: 'Docker', state: 'missing', detail, ...(error.next && { fix: error.next }) }];
  }
}

type Docker = Awaited<ReturnType<typeof import('../../engines/launcher/docker.js')['connectDocker']>>;

async function images({ env }: Context, docker: Docker): Promise<Finding[]> {
  const { findImage } = await import('../../engines/launcher/docker.js');
  const findings: Finding[] = [];
  for (const name of engineNames()) {
    const { server } = await loadEngine(name);
    if (!server?.modes.includes('docker')) continue;
    const { names } = imageCandidates(name, undefined, env);
    const images = await Promise.all(names.map((each) => findImage(docker, each)));
    const at = images.findIndex((image) => image !== undefined);
    const what = `image of ${name}`;
    if (at >= 0) {
      const image = imageFacts(name, names[at]!, images[at]!);
      findings.push({ what, state: 'ok', detail: imageDetail(image, imageEntries()[name]?.version) });
    } else {
      const detail = `${names[0]} is not here; a run pulls it`;
      const build = buildCommand(name);
      const built = build === undefined ? '' : `, or ${build} (${BUILD_NEEDS})`;
      const fix = `docker pull ${names[0]}${built}`;
      findings.push({ what, state: 'missing', detail, fix });
    }
  }
  return findings;
}

const ORIGINS = { pinned: 'the pinned one', local: 'built here', chosen: 'chosen' } as const;

/** `vecproof/x:local sha256:… (built here, version 2.3.5; the pinned image has 2.6.4)` */
function imageDetail({ name, digest, origin, version }: ImageFacts, pinned: string | undefined): string {
  const own = version === undefined ? 'its version shows once it runs' : `version ${version}`;
  const other = origin === 'pinned' || pinned === undefined ? '' : `; the pinned image has ${pinned}`;
  return `${name} ${digest} (${ORIGINS[origin]}, ${own}${other})`;
}

async function orphans(docker: Docker, clean: boolean): Promise<Finding[]> {
  const { findOrphans, removeOrphans } = await import('../../engines/launcher/orphans.js');
  const found = clean ? await removeOrphans(docker) : await findOrphans(docker);
  return found.map(({ run, image }) => {
    const what = `container of run ${run}`;
    return clean
      ? { what, state: 'ok', detail: `${image}, left by a killed run, was removed` }
      : { what, state: 'note', detail: `${image}, left by a killed run`, fix: 'vecproof doctor --clean' };
  });
}
