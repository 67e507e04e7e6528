/** Dockerfiles and the metadata of their images: config, history and the names of their steps are those that Docker 28.5 gives. */
export interface MetadataCase {
  readonly name: string;
  readonly dockerfile: string;
  readonly buildArgs?: Readonly<Record<string, string>>;
  /** Besides PATH and a working directory of `/`, as an image from scratch has them. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly history: readonly string[];
  /** Of the steps that make files. */
  readonly titles: readonly string[];
}

/** Files of the context: `f` and `f2`. */
export const METADATA: readonly MetadataCase[] = [
  {
    name: "env forms",
    dockerfile: "FROM scratch\nENV x=foobarbaz e= p=/usr/lib/a.tar.gz\nENV a=${x#*o} b=${x##*o} c=${x%b*} d=${x%%b*} f=${x/ba/X} g=${x//ba/X} h=${e:-d} i=${e-d} j=${x:+y} k=${x+y} l=${z:+y} m=${p##*/} n=${p%/*} o=${p%%.*} q=${x//?/-} r=${x/%baz/Q} s=${x//[a]/q}\nENV t=${x#f?o} u=${p//\\//_} v=${x#\\*} w=${x/o*a/Z} y=${x//o*a/Z}\n",
    config: {"Env":["x=foobarbaz","e=","p=/usr/lib/a.tar.gz","a=obarbaz","b=barbaz","c=foobar","d=foo","f=fooXrbaz","g=fooXrXz","h=d","i=","j=y","k=y","l=","m=a.tar.gz","n=/usr/lib","o=/usr/lib/a","q=---------","r=foobarbaz","s=foobarbaz","t=barbaz","u=_usr_lib_a.tar.gz","v=foobarbaz","w=fZz","y=fZz"]},
    history: ["ENV x=foobarbaz e= p=/usr/lib/a.tar.gz","ENV a=obarbaz b=barbaz c=foobar d=foo f=fooXrbaz g=fooXrXz h=d i= j=y k=y l= m=a.tar.gz n=/usr/lib o=/usr/lib/a q=--------- r=foobarbaz s=foobarbaz","ENV t=barbaz u=_usr_lib_a.tar.gz v=foobarbaz w=fZz y=fZz"],
    titles: [],
  },
  {
    name: "env quotes",
    dockerfile: "FROM scratch\nENV a=\"b  c\" d=e\\ f g='$h' i=\"\\\"q\\\"\" j='a\"b' k=\"a\\b\" l=a\\\\b m=\"$a\" n=$a o=\"x'y\" p=x\"y z\"w q=\\$a r=\"\\$a\" s=\"a\\\\b\"\n",
    config: {"Env":["a=b  c","d=e f","g=$h","i=\"q\"","j=a\"b","k=a\\b","l=a\\b","m=","n=","o=x'y","p=xy zw","q=$a","r=$a","s=a\\b"]},
    history: ["ENV a=b  c d=e f g=$h i=\"q\" j=a\"b k=a\\b l=a\\b m= n= o=x'y p=xy zw q=$a r=$a s=a\\b"],
    titles: [],
  },
  {
    name: "env legacy",
    dockerfile: "FROM scratch\nENV a b  c \"d\" 'e' \\f $a\nENV g   h\nLABEL l m n\n",
    config: {"Env":["a=b  c d e f ","g=h"],"Labels":{"l":"m n"}},
    history: ["ENV a=b  c d e f ","ENV g=h","LABEL l=m n"],
    titles: [],
  },
  {
    name: "env escape `",
    dockerfile: "# escape=`\nFROM scratch\nENV a=b`\\c d=e`\n f=g\\h i=\"j`\"k\"\n",
    config: {"Env":["a=b\\c","d=e","f=g\\h","i=j\"k"]},
    history: ["ENV a=b\\c d=e f=g\\h i=j\"k"],
    titles: [],
  },
  {
    name: "env overwritten",
    dockerfile: "FROM scratch\nENV a=1 b=2\nENV a=3\nENV c=$a$b\n",
    config: {"Env":["a=3","b=2","c=32"]},
    history: ["ENV a=1 b=2","ENV a=3","ENV c=32"],
    titles: [],
  },
  {
    name: "args",
    dockerfile: "ARG g=1\nFROM scratch\nARG g\nARG a=2 b c=$a\nENV d=$a$b$c$g\nARG a=5\nENV e=$a\nENV a=6\nARG a=7\nENV f=$a\n",
    buildArgs: {"b":"x"},
    config: {"Env":["d=2x21","e=5","a=6","f=7"]},
    history: ["ARG g=1","ARG a=2 b=x c=2","ENV d=2x21","ARG a=5","ENV e=5","ENV a=6","ARG a=7","ENV f=7"],
    titles: [],
  },
  {
    name: "arg override",
    dockerfile: "FROM scratch\nARG a=1\nENV b=$a\n",
    buildArgs: {"a":"zz"},
    config: {"Env":["b=zz"]},
    history: ["ARG a=zz","ENV b=zz"],
    titles: [],
  },
  {
    name: "labels",
    dockerfile: "FROM scratch\nLABEL a=b \"c d\"=\"e f\" g.h=\"i\\\nj\"\nLABEL a=z\nLABEL multi=\"x\\\n  y\"\n",
    config: {"Labels":{"a":"z","c d":"e f","g.h":"ij","multi":"x  y"}},
    history: ["LABEL a=b c d=e f g.h=ij","LABEL a=z","LABEL multi=x  y"],
    titles: [],
  },
  {
    name: "cmd shell",
    dockerfile: "FROM scratch\nCMD echo  hi   there\n",
    config: {"ArgsEscaped":true,"Cmd":["/bin/sh","-c","echo  hi   there"]},
    history: ["CMD [\"/bin/sh\" \"-c\" \"echo  hi   there\"]"],
    titles: [],
  },
  {
    name: "cmd exec",
    dockerfile: "FROM scratch\nCMD [\"a\", \"b c\", \"\\u00e9\\n\"]\n",
    config: {"ArgsEscaped":true,"Cmd":["a","b c","\u00e9\n"]},
    history: ["CMD [\"a\" \"b c\" \"\u00e9\\n\"]"],
    titles: [],
  },
  {
    name: "cmd empty",
    dockerfile: "FROM scratch\nCMD []\n",
    config: {"ArgsEscaped":true},
    history: ["CMD []"],
    titles: [],
  },
  {
    name: "cmd none",
    dockerfile: "FROM scratch\nCMD\n",
    config: {"ArgsEscaped":true,"Cmd":["/bin/sh","-c",""]},
    history: ["CMD [\"/bin/sh\" \"-c\" \"\"]"],
    titles: [],
  },
  {
    name: "cmd entrypoint",
    dockerfile: "FROM scratch\nCMD [\"a\"]\nENTRYPOINT [\"b\"]\n",
    config: {"ArgsEscaped":true,"Cmd":["a"],"Entrypoint":["b"]},
    history: ["CMD [\"a\"]","ENTRYPOINT [\"b\"]"],
    titles: [],
  },
  {
    name: "entrypoint shell",
    dockerfile: "FROM scratch\nENTRYPOINT x y\n",
    config: {"Entrypoint":["/bin/sh","-c","x y"]},
    history: ["ENTRYPOINT [\"/bin/sh\" \"-c\" \"x y\"]"],
    titles: [],
  },
  {
    name: "entrypoint empty",
    dockerfile: "FROM scratch\nENTRYPOINT []\n",
    config: {},
    history: ["ENTRYPOINT []"],
    titles: [],
  },
  {
    name: "shell",
    dockerfile: "FROM scratch\nSHELL [\"/bin/bash\", \"-ec\"]\nCMD a b\nENTRYPOINT c\nHEALTHCHECK CMD d\n",
    config: {"ArgsEscaped":true,"Cmd":["/bin/bash","-ec","a b"],"Entrypoint":["/bin/bash","-ec","c"],"Healthcheck":{"Test":["CMD-SHELL","d"]},"Shell":["/bin/bash","-ec"]},
    history: ["SHELL [/bin/bash -ec]","CMD [\"/bin/bash\" \"-ec\" \"a b\"]","ENTRYPOINT [\"/bin/bash\" \"-ec\" \"c\"]","HEALTHCHECK &{[\"CMD-SHELL\" \"d\"] \"0s\" \"0s\" \"0s\" \"0s\" '\\x00'}"],
    titles: [],
  },
  {
    name: "expose",
    dockerfile: "FROM scratch\nENV p=90\nEXPOSE 80 443/TCP 53/udp 7000-7002/sctp $p ${q:-91}/udp\n",
    config: {"Env":["p=90"],"ExposedPorts":{"443/tcp":{},"53/udp":{},"7000/sctp":{},"7001/sctp":{},"7002/sctp":{},"80/tcp":{},"90/tcp":{},"91/udp":{}}},
    history: ["ENV p=90","EXPOSE [90/tcp 91/udp 443/tcp 53/udp 7000/sctp 7001/sctp 7002/sctp 80/tcp]"],
    titles: [],
  },
  {
    name: "expose mapped",
    dockerfile: "FROM scratch\nEXPOSE 127.0.0.1:80:8080 90:9000/udp\n",
    config: {"ExposedPorts":{"8080/tcp":{},"9000/udp":{}}},
    history: ["EXPOSE [8080/tcp 9000/udp]"],
    titles: [],
  },
  {
    name: "volume",
    dockerfile: "FROM scratch\nENV v=/v\nVOLUME $v/a /b\nVOLUME [\"/c d\", \"$v/e\"]\n",
    config: {"Env":["v=/v"],"Volumes":{"/b":{},"/c d":{},"/v/a":{},"/v/e":{}}},
    history: ["ENV v=/v","VOLUME [/v/a /b]","VOLUME [/c d /v/e]"],
    titles: [],
  },
  {
    name: "user workdir",
    dockerfile: "FROM scratch\nENV u=1:2\nUSER $u\nWORKDIR a\nWORKDIR b/../c\nWORKDIR /x/y\nWORKDIR ${z:-q}\n",
    config: {"Env":["u=1:2"],"User":"1:2","WorkingDir":"/x/y/q"},
    history: ["ENV u=1:2","USER 1:2","WORKDIR /a","WORKDIR /a/c","WORKDIR /x/y","WORKDIR /x/y/q"],
    titles: ["WORKDIR a","WORKDIR b/../c","WORKDIR /x/y","WORKDIR q"],
  },
  {
    name: "workdir quotes",
    dockerfile: "FROM scratch\nWORKDIR \"/a b\"\nWORKDIR c d\n",
    config: {"WorkingDir":"/a b/c d"},
    history: ["WORKDIR /a b","WORKDIR /a b/c d"],
    titles: ["WORKDIR /a b","WORKDIR c d"],
  },
  {
    name: "stopsignal",
    dockerfile: "FROM scratch\nSTOPSIGNAL sigint\nSTOPSIGNAL ${s:-SIGRTMIN+3}\n",
    config: {"StopSignal":"SIGRTMIN+3"},
    history: ["STOPSIGNAL sigint","STOPSIGNAL SIGRTMIN+3"],
    titles: [],
  },
  {
    name: "healthcheck",
    dockerfile: "FROM scratch\nHEALTHCHECK --interval=1h1m1.5s --timeout=100ms --start-period=90s --start-interval=2s --retries=4 CMD curl -f  http://x || exit 1\n",
    config: {"Healthcheck":{"Interval":3661500000000,"Retries":4,"StartInterval":2000000000,"StartPeriod":90000000000,"Test":["CMD-SHELL","curl -f  http://x || exit 1"],"Timeout":100000000}},
    history: ["HEALTHCHECK &{[\"CMD-SHELL\" \"curl -f  http://x || exit 1\"] \"1h1m1.5s\" \"100ms\" \"1m30s\" \"2s\" '\\x04'}"],
    titles: [],
  },
  {
    name: "healthcheck exec",
    dockerfile: "FROM scratch\nHEALTHCHECK CMD [\"a\", \"b\"]\n",
    config: {"Healthcheck":{"Test":["CMD","a","b"]}},
    history: ["HEALTHCHECK &{[\"CMD\" \"a\" \"b\"] \"0s\" \"0s\" \"0s\" \"0s\" '\\x00'}"],
    titles: [],
  },
  {
    name: "healthcheck none",
    dockerfile: "FROM scratch\nHEALTHCHECK NONE\n",
    config: {"Healthcheck":{"Test":["NONE"]}},
    history: ["HEALTHCHECK &{[\"NONE\"] \"0s\" \"0s\" \"0s\" \"0s\" '\\x00'}"],
    titles: [],
  },
  {
    name: "onbuild",
    dockerfile: "FROM scratch\nONBUILD RUN echo $x\nONBUILD copy a  b\nonbuild ENV a=b\nONBUILD RUN <<EOF\n  hi\nEOF\n",
    config: {"OnBuild":["RUN echo $x","copy a  b","ENV a=b","RUN <<EOF\n  hi\nEOF"]},
    history: [],
    titles: [],
  },
  {
    name: "maintainer",
    dockerfile: "FROM scratch\nMAINTAINER me  <a@b>\n",
    config: {},
    history: ["MAINTAINER me  <a@b>"],
    titles: [],
  },
  {
    name: "copy",
    dockerfile: "FROM scratch\nENV d=/dest u=3\nCOPY --chown=$u:4 --chmod=0644 f $d/\nCOPY f f2 /x/\nADD f /y\nCOPY --link f /z\nCOPY <<EOF <<-'E2' /h/\n\ta $d\nEOF\n\tb $d\n\tE2\n",
    config: {"Env":["d=/dest","u=3"]},
    history: ["ENV d=/dest u=3","COPY --chown=3:4 --chmod=0644 f /dest/ # buildkit","COPY f f2 /x/ # buildkit","ADD f /y # buildkit","COPY f /z # buildkit","COPY <<EOF <<E2 /h/ # buildkit"],
    titles: ["COPY --chown=3:4 --chmod=0644 f /dest/","COPY f f2 /x/","ADD f /y","COPY --link f /z","COPY <<EOF <<-E2 /h/"],
  },
  {
    name: "copy json",
    dockerfile: "FROM scratch\nCOPY [\"f\", \"/a b/\"]\nWORKDIR /w\nCOPY f .\n",
    config: {"WorkingDir":"/w"},
    history: ["COPY f /a b/ # buildkit","WORKDIR /w","COPY f . # buildkit"],
    titles: ["COPY [f, /a b/]","WORKDIR /w","COPY f ."],
  },
];
