import { type Dockerode, findImage } from './docker.js';

const REAPER_IMAGE = 'testcontainers/ryuk';

let known: Promise<boolean> | undefined;

/**
 * Whether testcontainers' reaper (Ryuk), which removes containers when this process is killed, can be used: only
 * where its image is on this machine, as without a registry each start would fail over it. Without it, the
 * watchdog of the build's process, the next run and `vecproof doctor --clean` remove what is left.
 */
export function canReap(docker: Dockerode): Promise<boolean> {
  known ??= look(docker);
  return known;
}

async function look(docker: Dockerode): Promise<boolean> {
  if (process.env['TESTCONTAINERS_RYUK_DISABLED'] === 'true') return false;
  const named = process.env['RYUK_CONTAINER_IMAGE'];
  if (named !== undefined) return (await findImage(docker, named)) !== undefined;
  const images = await docker.listImages({ filters: { reference: [`${REAPER_IMAGE}:*`] } });
  return images.length > 0;
}
