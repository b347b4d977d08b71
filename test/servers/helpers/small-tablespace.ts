import type { Endpoint } from '../../../engines/contract/server.js';
import { ownLabels } from '../../../engines/launcher/labels.js';
import { prepareImage } from '../../../engines/launcher/prepare.js';
import { connectServer } from '../../../engines/pgvector/client.js';
import { until } from '../../e2e/helpers/until.js';
import { inside, never, request } from '../docker.js';

export interface SmallPostgres {
  endpoint: Endpoint;
  query(sql: string): Promise<(readonly (string | null)[])[]>;
  /** Puts something in the place of the free space, but for a rest. */
  fill(): Promise<void>;
  free(): Promise<void>;
  remove(): Promise<void>;
}

/** A PostgreSQL whose tables go to a file system in memory of 16 MiB; needs nothing of the host. */
export async function smallPostgres(run: string): Promise<SmallPostgres> {
  const { docker, image } = await prepareImage('pgvector', request(run));
  const container = await docker.createContainer({
    Image: image.name,
    Env: ['POSTGRES_PASSWORD=small'],
    Labels: ownLabels(run),
    ExposedPorts: { '5432/tcp': {} },
    HostConfig: { PublishAllPorts: true, Tmpfs: { '/small': 'size=16m,mode=1777' } },
  });
  await container.start();
  const { NetworkSettings } = await container.inspect();
  const port = Number(NetworkSettings.Ports['5432/tcp']![0]!.HostPort);
  const endpoint: Endpoint = {
    host: '127.0.0.1',
    port,
    tls: false,
    secrets: { password: 'small' },
    settings: { user: 'postgres', database: 'postgres' },
  };
  const query = async (sql: string) => {
    const session = await connectServer(endpoint, never);
    try {
      return await session.query(sql);
    } finally {
      await session.close();
    }
  };
  await until('the server answers', () => query('SELECT 1').catch(() => undefined));
  await inside(container, 'mkdir /small/tables && chown postgres /small/tables');
  await query("CREATE TABLESPACE small LOCATION '/small/tables'");
  await query('ALTER DATABASE postgres SET default_tablespace = small');
  return {
    endpoint,
    query,
    fill: () => inside(container, 'dd if=/dev/zero of=/small/fill bs=64k; truncate -s -512k /small/fill'),
    free: () => inside(container, 'rm /small/fill'),
    remove: () => container.remove({ force: true, v: true }),
  };
}
