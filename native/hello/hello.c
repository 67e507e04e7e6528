/*
 * The program of the first image, hako/hello: says, in the user's language, what the engine has just done, with facts
 * read from inside the container, and what to try next.
 */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

struct facts {
    char hostname[65];
    char kernel[65];
    char address[INET_ADDRSTRLEN];
    int pid;
    int capabilities;
    int seccomp; /* 2: a filter is in force */
    bool overlay;
};

struct words {
    const char *greeting;
    const char *found;
    const char *layers_overlay;
    const char *layers_other;
    const char *namespaces; /* pid, hostname */
    const char *cgroup;
    const char *capabilities; /* count */
    const char *seccomp_on;
    const char *seccomp_off;
    const char *network; /* address */
    const char *no_network;
    const char *kernel; /* name */
    const char *log;
    const char *next;
};

static const struct words ENGLISH = {
    .greeting = "Ahoy from inside a Hakobune container!\n\nYour installation works. This is what has just happened:\n",
    .found = "The engine found the image hako/hello, which it carries on board: nothing was downloaded.",
    .layers_overlay = "It laid one read-only layer and a fresh writable one over each other: this program's file system.",
    .layers_other = "It prepared a file system for this program alone.",
    .namespaces = "It made new namespaces. In here this program is process %d, and the machine is called %s.",
    .cgroup = "It put the container into a control group of its own, to count and limit what it uses.",
    .capabilities = "It left %d of root's privileges (capabilities) and took the others away.",
    .seccomp_on = "It put a seccomp filter between this program and the kernel's riskier system calls.",
    .seccomp_off = "No seccomp filter is in force: either you asked for that, or this kernel has none.",
    .network = "It plugged the container into the bridge network, with the address %s.",
    .no_network = "It gave the container no network, only its own loopback.",
    .kernel = "It started this program with the host's own kernel (%s): no virtual machine in between.",
    .log = "What you read passed through the container's log: `hako logs` can show it again.",
    .next = "Try next:\n"
            "  hako ps -a                      the containers, this one among them\n"
            "  hako image ls                   the images\n"
            "  hako run --rm hako/hello        once more, and clean up afterwards\n"
            "  hako run -it <image> sh         a shell in an image of yours\n"
            "  hako run --rm -e LANG=ja hako/hello     日本語でもどうぞ\n",
};

static const struct words JAPANESE = {
    .greeting = "箱舟(Hakobune)のコンテナの中から、こんにちは!\n\nインストールは成功しています。いま起きたことは次のとおりです。\n",
    .found = "エンジンは、内蔵しているイメージ hako/hello を見つけました。ダウンロードはしていません。",
    .layers_overlay = "読み取り専用の層 1 枚に、新しい書き込み用の層を重ね、このプログラムのファイルシステムにしました。",
    .layers_other = "このプログラム専用のファイルシステムを用意しました。",
    .namespaces = "新しい名前空間を作りました。この中では、このプログラムはプロセス番号 %d、ホスト名は %s です。",
    .cgroup = "コンテナ専用の cgroup に入れ、使う資源を量り、制限できるようにしました。",
    .capabilities = "root の特権(ケーパビリティ)のうち %d 個だけを残し、ほかは取り除きました。",
    .seccomp_on = "危険なシステムコールを防ぐ seccomp フィルターを掛けました。",
    .seccomp_off = "seccomp フィルターは掛かっていません(そう指定されたか、カーネルが対応していません)。",
    .network = "コンテナをブリッジネットワークにつなぎ、アドレス %s を割り当てました。",
    .no_network = "ネットワークにはつながず、ループバックだけにしました。",
    .kernel = "ホストのカーネル(%s)の上で、このプログラムを直接起動しました。仮想マシンは挟んでいません。",
    .log = "この文章はコンテナのログを通って届きました。`hako logs` でもう一度読めます。",
    .next = "次は、こちらをお試しください。\n"
            "  hako ps -a                      コンテナの一覧(このコンテナも載っています)\n"
            "  hako image ls                   イメージの一覧\n"
            "  hako run --rm hako/hello        もう一度動かし、終わったら片付ける\n"
            "  hako run -it <イメージ> sh      お手持ちのイメージでシェルを開く\n",
};

static const struct words *words_for_user(void)
{
    static const char *const VARIABLES[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < sizeof VARIABLES / sizeof *VARIABLES; i++) {
        const char *value = getenv(VARIABLES[i]);
        if (value != NULL && *value != 0)
            return strncmp(value, "ja", 2) == 0 ? &JAPANESE : &ENGLISH;
    }
    return &ENGLISH;
}

static void read_status(struct facts *facts)
{
    char line[256];
    FILE *file = fopen("/proc/self/status", "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "CapEff:", 7) == 0)
            facts->capabilities = __builtin_popcountll(strtoull(line + 7, NULL, 16));
        if (strncmp(line, "Seccomp:", 8) == 0)
            facts->seccomp = atoi(line + 8);
    }
    if (file != NULL)
        (void)fclose(file);
}

static void read_root_type(struct facts *facts)
{
    char line[1024];
    FILE *file = fopen("/proc/self/mounts", "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        facts->overlay |= strstr(line, " / overlay ") != NULL;
    if (file != NULL)
        (void)fclose(file);
}

static void read_address(struct facts *facts)
{
    struct ifaddrs *list = NULL;
    if (getifaddrs(&list) < 0)
        return;
    for (const struct ifaddrs *one = list; one != NULL; one = one->ifa_next) {
        if (one->ifa_addr == NULL || one->ifa_addr->sa_family != AF_INET || one->ifa_flags & IFF_LOOPBACK)
            continue;
        const struct sockaddr_in *address = (const void *)one->ifa_addr;
        if (inet_ntop(AF_INET, &address->sin_addr, facts->address, sizeof facts->address) != NULL)
            break;
    }
    freeifaddrs(list);
}

static __attribute__((format(printf, 1, 2))) void step(const char *format, ...)
{
    static int number;
    va_list values;
    (void)printf(" %2d. ", ++number);
    va_start(values, format);
    (void)vprintf(format, values);
    va_end(values);
    (void)putchar('\n');
}

int main(void)
{
    struct facts facts = {.pid = (int)getpid()};
    struct utsname system;
    if (uname(&system) == 0) {
        (void)snprintf(facts.hostname, sizeof facts.hostname, "%s", system.nodename);
        (void)snprintf(facts.kernel, sizeof facts.kernel, "%s", system.release);
    }
    read_status(&facts);
    read_root_type(&facts);
    read_address(&facts);

    const struct words *words = words_for_user();
    (void)printf("\n%s\n", words->greeting);
    step("%s", words->found);
    step("%s", facts.overlay ? words->layers_overlay : words->layers_other);
    step(words->namespaces, facts.pid, facts.hostname);
    step("%s", words->cgroup);
    step(words->capabilities, facts.capabilities);
    step("%s", facts.seccomp == 2 ? words->seccomp_on : words->seccomp_off);
    if (facts.address[0] != 0)
        step(words->network, facts.address);
    else
        step("%s", words->no_network);
    step(words->kernel, facts.kernel);
    step("%s", words->log);
    (void)printf("\n%s\n", words->next);
    return fflush(stdout) == 0 ? 0 : 1;
}
