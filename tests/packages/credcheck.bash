# SPDX-License-Identifier: BSD-2-Clause
#
# Completion in bash of credcheck's options and their arguments, which are read
# from its --help.

_credcheck()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local row='^ *(-.), (--[a-z-]+)( ([^ ]+))?  +(.*)$'
	local line names= argument= help=

	# bash splits words at "=" and ":", as in --user=nobody:nogroup.
	case $cur in
	[=:])	cur= ;;
	*)	[[ $prev != [=:] ]] || prev=${COMP_WORDS[COMP_CWORD - 2]} ;;
	esac
	[[ $prev != -[!-]* ]] || prev=-${prev: -1}
	while IFS= read -r line; do
		[[ $line =~ $row ]] || continue
		names+=" ${BASH_REMATCH[2]}"
		if [[ $prev == "${BASH_REMATCH[1]}" ||
		    $prev == "${BASH_REMATCH[2]}" ]]; then
			argument=${BASH_REMATCH[4]} help=${BASH_REMATCH[5]}
		fi
	done < <("${1/#\~/$HOME}" --help 2>/dev/null)

	case $argument in
	"")	mapfile -t COMPREPLY < <(compgen -W "$names" -- "$cur") ;;
	path)	compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	type)	help=${help//,/ } help=${help// or / }
		mapfile -t COMPREPLY < <(compgen -W "$help" -- "$cur") ;;
	user*)	mapfile -t COMPREPLY < <(compgen -u -- "$cur") ;;
	*)	COMPREPLY=() ;;
	esac
}
complete -F _credcheck credcheck
