#!/bin/bash
# The same state looked at by bare comparisons: about the least that any program could do. Says what is not so.
cd /opt/bench/files || exit 1
site=/srv/myflask
release=$site/releases/${RELEASE:?} wrong=0

no() { echo "not so: $*"; wrong=$((wrong + 1)); }
same() { cmp -s "$1" "$2" || no "$2"; }
leads() { [ "$(readlink "$1")" = "$2" ] || no "$1"; }

dpkg -s ca-certificates git nginx python3-venv >/dev/null 2>&1 || no packages
[ "$(getent passwd myflask | cut -d: -f6,7)" = "$site:/usr/sbin/nologin" ] || no user
wanted="root root 755 $site
root root 755 $site/releases
myflask myflask 750 $site/data
root root 600 $site/app.env"
[ "$(stat -c '%U %G %a %n' $site $site/releases $site/data $site/app.env)" = "$wanted" ] || no modes
[ "$(git -C "$release/app" rev-parse HEAD)" = "$COMMIT" ] || no code
leads "$release/app/result.json" $site/data/result.json
[ -x "$release/venv/bin/gunicorn" ] || no gunicorn
diff -qr public "$release/public" >/dev/null || no static
leads $site/current "releases/$RELEASE"
same app.env $site/app.env
same myflask.socket /etc/systemd/system/myflask.socket
same myflask.service /etc/systemd/system/myflask.service
same nginx.conf /etc/nginx/nginx.conf
same site /etc/nginx/sites-available/myflask
same default /etc/nginx/sites-available/piwizard-default
leads /etc/nginx/sites-enabled/myflask ../sites-available/myflask
leads /etc/nginx/sites-enabled/piwizard-default ../sites-available/piwizard-default
[ ! -e /etc/nginx/sites-enabled/default ] || no default
systemctl -q is-enabled nginx.service myflask.socket myflask.service || no enabled
systemctl -q is-active nginx.service myflask.socket myflask.service || no active
echo "$wrong not so"
