import type { Dockerode } from './docker.js';

/** Bytes that files below a folder of a running container take on disk; undefined where nobody can tell. */
export async function diskUsage(docker: Dockerode, id: string, path: string): Promise<number | undefined> {
  const { Mounts, State } = await docker.getContainer(id).inspect();
  if (!State.Running || State.Paused) return undefined;
  const counted = await byDu(docker, id, path);
  if (counted !== undefined) return counted;
  const volume = Mounts.find(({ Destination }) => path.startsWith(Destination))?.Name;
  if (volume === undefined) return undefined;
  const { Volumes } = (await docker.df()) as { Volumes?: { Name: string; UsageData?: { Size: number } }[] };
  const size = Volumes?.find(({ Name }) => Name === volume)?.UsageData?.Size;
  return size === undefined || size < 0 ? undefined : size;
}

/** `du` inside the container; undefined where the image has none. */
async function byDu(docker: Dockerode, id: string, path: string): Promise<number | undefined> {
  const exec = await docker.getContainer(id).exec({
    Cmd: ['du', '-sk', path],
    User: '0',
    AttachStdout: true,
    AttachStderr: false,
    Tty: true,
  });
  const stream = await exec.start({ Tty: true });
  let text = '';
  stream.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  await new Promise((resolve, reject) => stream.once('end', resolve).once('error', reject));
  // Files that vanish meanwhile are complained about; the total still comes last.
  const kib = /^(\d+)\s+\S+\s*$/m.exec(text)?.[1];
  return kib === undefined ? undefined : Number(kib) * 1024;
}
