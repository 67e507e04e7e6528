/** Projects of several files, and what to ask about them. Their answers in `answers/` are docker-compose's. */

export interface Scenario {
  readonly files: Readonly<Record<string, string>>;
  /** Each with the words behind `compose`. */
  readonly asks: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Where the command is given, below the project's folder. */
  readonly folder?: string;
}

const web = "services:\n  web:\n    image: web\n";

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  "override is found": { files: { "compose.yaml": web, "compose.override.yaml": "services:\n  web:\n    environment: {A: 1}\n" }, asks: ["config", "-f compose.yaml config"] },
  "docker-compose.yml is found": { files: { "docker-compose.yml": web, "docker-compose.override.yml": "services:\n  web:\n    labels: [a=b]\n" }, asks: ["config"] },
  "compose.yml comes before docker-compose.yml": { files: { "compose.yml": web, "docker-compose.yml": "services: {other: {image: o}}\n" }, asks: ["config"] },
  "found in a parent folder": { files: { "compose.yaml": web + "    volumes: [./data:/data]\n", "sub/dir/x": "" }, asks: ["config"], folder: "sub/dir" },
  "name in the file": { files: { "compose.yaml": "name: Given_Name\n" + web }, asks: ["config", "-p other config"] },
  "name with a variable": { files: { "compose.yaml": "name: ${WHO:-me}-app\n" + web + "    container_name: ${COMPOSE_PROJECT_NAME}-x\n" }, asks: ["config"], environment: { WHO: "you" } },
  "name of the environment": { files: { "compose.yaml": "name: given\n" + web }, asks: ["config", "-p flag config"], environment: { COMPOSE_PROJECT_NAME: "fromenv" } },
  "name in .env": { files: { "compose.yaml": web, ".env": "COMPOSE_PROJECT_NAME=fromfile\n" }, asks: ["config"] },
  "a name that is none": { files: { "compose.yaml": web }, asks: ["-p No_Good! config"] },
  "last name counts": { files: { "a.yaml": "name: one\n" + web, "b.yaml": "name: two\nservices: {}\n" }, asks: ["-f a.yaml -f b.yaml config"] },
  ".env": {
    files: {
      "compose.yaml": "services:\n  web:\n    image: web:${TAG}\n    environment: [A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P]\n",
      ".env": `# comment\nTAG=1.0 # inline\nexport A=exported\nB="quoted $TAG \\"x\\" \\n end"\nC='single $TAG'\nD=\nE=a#b\nF = spaced\nG: colon\nH="multi\nline"\nI=\${UNSET_HERE:-fallback}\nJ=$$x\nK="\\$TAG"\nL='it\\'s'\nM="a"  # c\nN=trailing   \nO="tab\\tx"\nP=\${TAG}-\${A}\n`,
    },
    asks: ["config", "config --environment | grep -E '^[A-P]=|^TAG'"],
  },
  "the environment comes before .env": { files: { "compose.yaml": "services:\n  web:\n    image: web:${TAG}\n", ".env": "TAG=file\n" }, asks: ["config --images"], environment: { TAG: "env" } },
  "--env-file": {
    files: { "compose.yaml": "services:\n  web:\n    image: web:${TAG}-${TWO-none}\n", ".env": "TAG=default\nTWO=default\n", "a.env": "TAG=a\n", "b.env": "TAG=b\nTWO=${TAG}2\n" },
    asks: ["config --images", "--env-file a.env config --images", "--env-file a.env --env-file b.env config --images", "--env-file none.env config --images"],
  },
  "COMPOSE_ENV_FILES": { files: { "compose.yaml": "services:\n  web:\n    image: web:${TAG}\n", "a.env": "TAG=a\n", "b.env": "TAG=b\n" }, asks: ["config --images"], environment: { COMPOSE_ENV_FILES: "a.env,b.env" } },
  "COMPOSE_DISABLE_ENV_FILE": { files: { "compose.yaml": "services:\n  web:\n    image: web:${TAG-none}\n", ".env": "TAG=file\n" }, asks: ["config --images"], environment: { COMPOSE_DISABLE_ENV_FILE: "1" } },
  "COMPOSE_FILE": { files: { "one.yaml": web, "two.yaml": "services:\n  two: {image: two}\n" }, asks: ["config --services"], environment: { COMPOSE_FILE: "one.yaml:two.yaml" } },
  "COMPOSE_PATH_SEPARATOR": { files: { "one.yaml": web, "two.yaml": "services:\n  two: {image: two}\n", ".env": "COMPOSE_FILE=one.yaml,two.yaml\nCOMPOSE_PATH_SEPARATOR=,\n" }, asks: ["config --services"] },
  "COMPOSE_FILE names nothing": { files: { "one.yaml": web }, asks: ["config"], environment: { COMPOSE_FILE: "none.yaml" } },
  "COMPOSE_PROFILES": {
    files: { "compose.yaml": "services:\n  a: {image: a}\n  b: {image: b, profiles: [one]}\n  c: {image: c, profiles: [two, one]}\n  d: {image: d, profiles: [three], depends_on: [c]}\n" },
    asks: ["config --services", "--profile three --profile two config --services", "--profile * config --services", "config --profiles", "config b", "config d"],
    environment: { COMPOSE_PROFILES: "two" },
  },
  "--project-directory": { files: { "conf/compose.yaml": web + "    volumes: [./data:/data]\n    build: .\n    env_file: x.env\n", "other/x.env": "X=1\n" }, asks: ["-f conf/compose.yaml --project-directory other config"] },
  "no file": { files: { "x": "" }, asks: ["config", "-f none.yaml config", "-f . config"] },
  "merge": {
    files: {
      "a.yaml": `services:
  web:
    image: a
    command: [a]
    entrypoint: [a]
    environment: {A: 1, B: 2}
    labels: [x=1, y=2]
    ports: ["80:80", "81:81", "127.0.0.1:90:90"]
    volumes: [./a:/a, data:/data]
    expose: [1, 2]
    dns: 1.1.1.1
    dns_search: [a]
    tmpfs: /a
    env_file: a.env
    depends_on: [b]
    networks: [front]
    secrets: [s]
    configs: [c]
    healthcheck: {test: a, interval: 1s}
    logging: {driver: json-file, options: {a: 1}}
    ulimits: {nofile: {soft: 1, hard: 2}, nproc: 1}
    build: ./a
    extra_hosts: ["a:1.1.1.1"]
    cap_add: [A]
    devices: ["/dev/a:/dev/x"]
    sysctls: {a: 1}
    deploy: {replicas: 1, labels: {a: 1}, resources: {limits: {memory: 1m}}}
    security_opt: [a]
    links: ["b:x"]
    profiles: []
    storage_opt: {a: 1}
  b: {image: b}
networks:
  front: {labels: {a: 1}, ipam: {config: [{subnet: 10.0.0.0/24, gateway: 10.0.0.1}]}}
volumes: {data: {labels: [a=1]}}
secrets: {s: {file: ./s}, t: {file: ./t}}
configs: {c: {file: ./c}, d: {file: ./d}}
`,
      "b.yaml": `services:
  web:
    image: b
    command: b c
    entrypoint: []
    environment: [B=3, C=4]
    labels: {y: 3, z: 4}
    ports: ["80:80", "82:82", {target: 90, published: 90, host_ip: 127.0.0.1}]
    volumes: [./b:/a, {type: tmpfs, target: /data}, ./c:/c]
    expose: [2, 3]
    dns: [1.1.1.1, 2.2.2.2]
    dns_search: b
    tmpfs: [/a, /b]
    env_file: [b.env, {path: a.env, required: false}]
    depends_on: {b: {condition: service_healthy}, c: {condition: service_started}}
    networks: {front: {aliases: [x]}, back: null}
    secrets: [{source: s, target: other}, t]
    configs: [{source: c, target: /c}, d]
    healthcheck: {test: [CMD, b], retries: 2}
    logging: {driver: syslog, options: {b: 1}}
    ulimits: {nofile: 5, core: 1}
    build: {dockerfile: D, args: [A]}
    extra_hosts: {b: 2.2.2.2, a: 1.1.1.1}
    cap_add: [A, B]
    devices: ["/dev/b:/dev/x:r"]
    sysctls: [a=2, b=3]
    deploy: {replicas: 2, labels: [a=2, b=3], resources: {limits: {cpus: "1"}}}
    security_opt: [a, b]
    links: ["b:x", c]
    storage_opt: {b: 2}
  c: {image: c}
networks:
  front: {labels: [a=2, b=3], ipam: {config: [{subnet: 10.0.0.0/24, ip_range: 10.0.0.128/25}, {subnet: 10.0.1.0/24}]}}
  back:
volumes: {data: {labels: {a: 2}}}
`,
      "a.env": "FROM_A=1\n",
      "b.env": "FROM_B=1\nA=from-b\n",
    },
    asks: ["-f a.yaml -f b.yaml config", "-f a.yaml -f b.yaml config --no-interpolate"],
  },
  "logging of the same driver": { files: { "a.yaml": web + "    logging: {driver: x, options: {a: 1}}\n", "b.yaml": "services: {web: {logging: {options: {b: 2}}}}\n" }, asks: ["-f a.yaml -f b.yaml config"] },
  "reset and override": {
    files: {
      "a.yaml": web + "    ports: ['80:80']\n    environment: {A: 1, B: 2}\n    command: x\n    labels: {a: 1}\n    volumes: [./a:/a]\n    build: {context: ., args: {X: 1, Y: 2}}\n  gone: {image: g}\nvolumes: {v: {driver: d}}\n",
      "b.yaml":
        "services:\n  web:\n    ports: !override ['81:81']\n    environment: {A: !reset null, C: 3}\n    command: !reset null\n    labels: !override {b: 2}\n    volumes: !reset []\n    build: {args: {X: !reset null}}\n  gone: !reset null\nvolumes: {v: !override {driver: e}}\n",
    },
    asks: ["-f a.yaml -f b.yaml config", "-f a.yaml -f b.yaml --all-resources config"],
  },
  "cannot override": { files: { "a.yaml": web + "    ports: ['80:80']\n", "b.yaml": "services: {web: {ports: {a: b}}}\n" }, asks: ["-f a.yaml -f b.yaml config"] },
  "extends another file": {
    files: {
      "compose.yaml": "services:\n  web:\n    extends: {file: base/common.yaml, service: app}\n    environment: {B: 3}\n    ports: ['81:81']\n  second: {extends: {file: base/common.yaml, service: plain}, image: second}\n",
      "base/common.yaml":
        "services:\n  app:\n    extends: {file: deeper/more.yaml, service: root}\n    image: app\n    build: {context: ./ctx, additional_contexts: {l: ./lib}}\n    volumes: [./data:/data, named:/n]\n    env_file: ./app.env\n    environment: [A=1, B=2]\n    ports: ['80:80']\n  plain: {image: plain, command: [x], develop: {watch: [{path: ./w, action: rebuild}]}}\n",
      "base/deeper/more.yaml": "services:\n  root:\n    image: root\n    volumes: ['./r:/r']\n    labels: {from: root}\n    env_file: [{path: root.env, required: false}]\n",
      "base/app.env": "FROM_ENV_FILE=1\n",
    },
    asks: ["config --no-consistency", "config --no-consistency --no-path-resolution", "config"],
  },
  "extends in a circle": { files: { "compose.yaml": "services:\n  a: {extends: b}\n  b: {extends: a}\n" }, asks: [] },
  "extends what there is not": { files: { "compose.yaml": "services:\n  a: {extends: {service: none}}\n", "b.yaml": "services:\n  a: {extends: {file: c.yaml, service: none}}\n", "c.yaml": web, "d.yaml": "services:\n  a: {extends: {file: none.yaml, service: x}}\n" }, asks: ["config", "-f b.yaml config", "-f d.yaml config"] },
  include: {
    files: {
      "compose.yaml":
        "include:\n  - one/compose.yaml\n  - {path: [two/a.yaml, two/b.yaml], project_directory: two/base, env_file: two/my.env}\n  - {path: three.yaml}\nservices:\n  web: {image: web, depends_on: [one], volumes: ['v:/v']}\n",
      "one/compose.yaml": "services:\n  one: {image: 'one:${TAG}', build: ., volumes: ['./d:/d'], env_file: e.env}\nnetworks: {onet: {}}\nvolumes: {v: {}}\nsecrets: {os: {file: ./s}}\nconfigs: {oc: {file: ./c}}\n",
      "one/.env": "TAG=one-env\n",
      "one/e.env": "E=1\n",
      "two/a.yaml": "services:\n  two: {image: 'two:${TAG}', volumes: ['./d:/d']}\n",
      "two/b.yaml": "services:\n  two: {environment: {A: '${TAG}'}}\n",
      "two/my.env": "TAG=two-env\n",
      "three.yaml": "include: [one/four.yaml]\nservices: {three: {image: 'three:${TAG}'}}\n",
      "one/four.yaml": "services: {four: {image: 'four:${TAG}', volumes: ['./f:/f']}}\n",
      ".env": "OTHER=1\n",
    },
    asks: ["config", "--all-resources config", "config --no-path-resolution", "config --services"],
  },
  "include in a circle": { files: { "compose.yaml": "include: [b.yaml]\nservices: {a: {image: a}}\n", "b.yaml": "include: [compose.yaml]\nservices: {b: {image: b}}\n" }, asks: ["config"] },
  "include conflicts": { files: { "compose.yaml": "include: [b.yaml]\nservices: {a: {image: a}}\n", "b.yaml": "services: {a: {image: b}}\n" }, asks: ["config"] },
  "include of the same": { files: { "compose.yaml": "include: [b.yaml]\nservices: {a: {image: a}}\n", "b.yaml": "services: {a: {image: a}}\n" }, asks: ["config"] },
  "env files": {
    files: {
      "compose.yaml":
        "services:\n  web:\n    image: web\n    env_file: [a.env, {path: b.env, required: false}, {path: none.env, required: false}, {path: raw.env, format: raw}]\n    environment: {A: own, NULLED: null}\n  two: {image: two, env_file: a.env, label_file: [l.labels, m.labels], labels: {x: own}}\n",
      "a.env": 'A=1\nB="two words"\nC=${B}-x\nD=${TAG:-d}\nE=$HOME_NOT\nNULLED=given\nF=\'$raw\'\n',
      "b.env": "B=again\nG=${B}\n",
      "raw.env": "# c\nRAW='quoted' $X \nSPACE = x\n".replace("SPACE = x\n", ""),
      "l.labels": "x=1\ny=2\n",
      "m.labels": "y=3\nz=${x}\n",
    },
    asks: ["config", "config --format json"],
  },
  "an env file that is missing": { files: { "compose.yaml": web + "    env_file: none.env\n" }, asks: ["config", "config --services"] },
  "selected services": {
    files: { "compose.yaml": "services:\n  a: {image: a, depends_on: [b], networks: [n]}\n  b: {image: b, volumes: ['v:/v']}\n  c: {image: c, depends_on: [a], secrets: [s]}\n  d: {image: d, network_mode: 'service:b'}\nnetworks: {n: {}, m: {}}\nvolumes: {v: {}, w: {}}\nsecrets: {s: {file: s}}\n" },
    asks: ["config a", "config b", "config c d", "config --volumes", "config --networks", "config --services", "config none", "--all-resources config b"],
  },
  "dependency cycle": { files: { "compose.yaml": "services:\n  a: {image: a, depends_on: [b]}\n  b: {image: b, depends_on: [a]}\n" }, asks: [] },
  "dependency on an inactive profile": { files: { "compose.yaml": "services:\n  a: {image: a, depends_on: [b]}\n  b: {image: b, profiles: [x]}\n" }, asks: ["config", "--profile x config --services"] },
  "optional dependency on an inactive profile": { files: { "compose.yaml": "services:\n  a: {image: a, depends_on: {b: {condition: service_started, required: false}}}\n  b: {image: b, profiles: [x]}\n" }, asks: ["config", "config a"] },
  variables: { files: { "compose.yaml": "services:\n  web: {image: 'web:${TAG:-latest}', environment: {A: '${REQ:?needed}', B: '${ALT:+x}', C: $PLAIN, D: '${OUT-${IN:-deep}}'}}\n" }, asks: ["config --variables --format yaml"], environment: { REQ: "1" } },
  "several documents and a name": { files: { "compose.yaml": "name: first\n---\nservices: {a: {image: a}}\n---\nname: third\n" }, asks: ["config"] },
  "a missing required variable": { files: { "compose.yaml": web + "    environment:\n      A: ${NEEDED:?set it}\n" }, asks: ["config"] },
  "json in, json out": { files: { "compose.json": '{"services": {"a": {"image": "a", "ports": ["80:80"], "environment": {"A": "<&>\\u2028"}}}}' }, asks: ["-f compose.json config --format json", "-f compose.json config"] },
  "output to a file": { files: { "compose.yaml": web }, asks: ["config -o out.yaml && cat out.yaml", "config -q"] },
  "compatibility": { files: { "compose.yaml": "services: {a: {build: .}, b: {image: b}}\n" }, asks: ["config --images", "--compatibility config --images", "--compatibility config"] },
  "a format that there is not": { files: { "compose.yaml": web }, asks: ["config --format toml"] },
};
